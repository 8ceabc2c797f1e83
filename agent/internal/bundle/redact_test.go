package bundle

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"log/slog"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	"github.com/chekan-io/chekan/agent/internal/blackbox"
	"github.com/chekan-io/chekan/drivers/shtrih"
	fiscalv1 "github.com/chekan-io/chekan/proto/gen/fiscal/v1"
	journalv1 "github.com/chekan-io/chekan/proto/gen/journal/v1"
	protocol "github.com/chekan-io/chekan/protocol/shtrih"
	sim "github.com/chekan-io/chekan/sim/shtrih"
)

// planted is everything of the sales and movements of these tests that must
// stay in the shop.
func planted() (texts []string, sums []int64) {
	texts = []string{
		"Иванова Мария", "Иванова", "500100732259", "+79161234567", "9161234567", "Пётр Сидоров", "Сидоров", "Кофе «Арабика»", "Арабика", "Яблоки сезонные",
		"пропущен чек", "buyer@example.ru",
	}
	sums = []int64{1234567, 2469134, 7654321, 2640741, 5109875, 9876543, 9876543 - 5109875, 5_000_000, 7_777_700}
	return texts, sums
}

// forms are the bytes in which a text or a sum can hide.
func formsOfText(text string) map[string][]byte {
	forms := map[string][]byte{"UTF-8": []byte(text)}
	for name, page := range map[string]protocol.CodePage{"Windows-1251": protocol.Windows1251, "CP866": protocol.CP866} {
		if b, err := page.Encode(page.Fit(text)); err == nil {
			forms[name] = b
		}
	}
	forms["JSON"] = []byte(strings.Trim(fmt.Sprintf("%+q", text), `"`))
	return forms
}

func formsOfSum(sum int64) map[string][]byte {
	le := []byte{byte(sum), byte(sum >> 8), byte(sum >> 16), byte(sum >> 24), byte(sum >> 32)}
	return map[string][]byte{
		"five bytes": le, "VLN": bytes.TrimRight(le, "\x00"), "big-endian": {byte(sum >> 24), byte(sum >> 16), byte(sum >> 8), byte(sum)},
		"kopecks": []byte(fmt.Sprint(sum)), "roubles": fmt.Appendf(nil, "%d.%02d", sum/100, sum%100), "roubles, comma": fmt.Appendf(nil, "%d,%02d", sum/100, sum%100),
	}
}

// allForms lists every form of everything planted, by what it is.
func allForms() map[string][]byte {
	all := map[string][]byte{}
	texts, sums := planted()
	for _, text := range texts {
		for name, b := range formsOfText(text) {
			all[text+" in "+name] = b
		}
	}
	for _, sum := range sums {
		for name, b := range formsOfSum(sum) {
			all[fmt.Sprintf("%d in %s", sum, name)] = b
		}
	}
	return all
}

// streams are the bytes of records, of each direction together: what is split
// between two records is found too.
func streams(records []blackbox.Record) [][]byte {
	var all [4][]byte
	for _, r := range records {
		all[r.Dir] = append(all[r.Dir], r.Bytes...)
		all[0] = append(append(all[0], r.Bytes...), '|')
	}
	return all[:]
}

func holds(streams [][]byte, form []byte) bool {
	for _, s := range streams {
		if bytes.Contains(s, form) {
			return true
		}
	}
	return false
}

// unsigned are parts without the fiscal signs of the till's documents. Whoever checks a receipt may know them, and they are as good as
// random: three bytes of one are some sum once in a while.
func (s *shop) unsigned(parts [][]byte) (out [][]byte) {
	for _, part := range parts {
		for _, d := range s.device.FN().List() {
			for _, sign := range [][]byte{
				fmt.Appendf(nil, "%010d", d.FP), fmt.Append(nil, d.FP), binary.LittleEndian.AppendUint32(nil, d.FP), binary.BigEndian.AppendUint32(nil, d.FP),
			} {
				part = bytes.ReplaceAll(part, sign, bytes.Repeat([]byte("?"), len(sign)))
			}
		}
		out = append(out, part)
	}
	return out
}

// contents are all that a bundle says: its parts as they are, and its wires as
// bytes.
func contents(t *testing.T, path string) [][]byte {
	t.Helper()
	z, err := zip.OpenReader(path)
	if err != nil {
		t.Fatal(err)
	}
	defer z.Close()
	var all [][]byte
	for _, f := range z.File {
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, text)
		if strings.HasPrefix(f.Name, wireFolder) {
			records, err := readTranscript(bytes.NewReader(text))
			if err != nil {
				t.Fatal(err)
			}
			all = append(all, streams(records)...)
		}
	}
	return all
}

// TestBundle_tellsNothing scans the bundles of all the failures, and of a day
// with everything in it.
func TestBundle_tellsNothing(t *testing.T) {
	forms := allForms()
	seen := map[string]bool{}
	scan := func(t *testing.T, s *shop) {
		t.Helper()
		raw, err := blackbox.Read(s.boxFile())
		if err != nil {
			t.Fatal(err)
		}
		before, after := streams(raw), s.unsigned(contents(t, s.bundle()))
		for what, form := range forms {
			if holds(before, form) {
				seen[what] = true
			}
			if holds(after, form) {
				t.Errorf("the bundle holds %s", what)
			}
		}
	}
	for _, f := range failures() {
		t.Run(f.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := open(t, f.device, f.driver)
				if !f.closed {
					s.openShift()
				}
				if f.fault.Action != "" {
					s.device.Plan().Add(f.fault)
				}
				if f.op == nil {
					f.op = sale
				}
				s.submit(f.op("asked"))
				scan(t, s)
			})
		})
	}
	t.Run("a day", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			s := open(t, sim.Options{}, shtrih.Options{})
			s.openShift()
			s.submit(simple(fiscalv1.Kind_KIND_CASH_IN, 5_000_000)("in"))
			s.submit(simple(fiscalv1.Kind_KIND_CASH_OUT, 7_777_700)("too much"))
			op := sale("mail")
			op.Receipt.Customer = "buyer@example.ru"
			s.submit(op)
			s.submit(simple(fiscalv1.Kind_KIND_X_REPORT, 0)("x"))
			// A foreign program reads a whole document, and this one's log says too much.
			log := slog.New(slog.NewJSONHandler(s.log, nil))
			log.Warn("refused", "err", "subtotal 51098.75, the lines make 24691.34 for «Яблоки сезонные»", "customer", "+79161234567", "cash", 9876543)
			log.Warn("mail to buyer@example.ru bounced", "cashier", "Иванова Мария", "sums", []int64{1234567, 5109875})
			_, _ = io.WriteString(s.log, "Иванова Мария 51098.75 no JSON at all\n")
			s.submit(simple(fiscalv1.Kind_KIND_CLOSE_SHIFT, 0)("z"))
			<-time.After(time.Minute)
			scan(t, s)
		})
	})
	// The scan is worth something only if these things were there to be cut.
	for _, what := range []string{
		"Кофе «Арабика» in Windows-1251", "Яблоки сезонные in Windows-1251", "Иванова Мария in CP866", "500100732259 in CP866", "+79161234567 in CP866",
		"buyer@example.ru in CP866", "Пётр Сидоров in Windows-1251", "пропущен чек in CP866",
		"1234567 in five bytes", "2469134 in five bytes", "5109875 in five bytes", "9876543 in five bytes", "4766668 in five bytes", "5000000 in five bytes",
	} {
		if !seen[what] {
			t.Errorf("%s never was on the wire: the scan proves nothing of it", what)
		}
	}
}

// TestRedact_keepsFrames: what was a good frame stays one of the same length,
// and what was damaged stays damaged.
func TestRedact_keepsFrames(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := open(t, sim.Options{}, shtrih.Options{})
		s.openShift()
		s.device.Plan().Add(sim.Fault{Command: protocol.CodeCloseReceiptV2, Phase: sim.OnAnswer, At: 5, Action: sim.Garble})
		s.submit(sale("asked"))
		raw, err := blackbox.Read(filepath.Join(s.dir, "k.wire"))
		if err != nil {
			t.Fatal(err)
		}
		b, err := Read(s.bundle())
		if err != nil {
			t.Fatal(err)
		}
		cut := b.wires[tillName]
		if len(cut) < len(raw) {
			t.Fatalf("%d records of %d", len(cut), len(raw))
		}
		good, bad := 0, 0
		for i, r := range raw {
			if len(cut[i].Bytes) != len(r.Bytes) && r.Dir != blackbox.Note {
				t.Fatalf("record %d: %d bytes of %d", i, len(cut[i].Bytes), len(r.Bytes))
			}
			var was, is protocol.FrameReader
			for n := range r.Bytes {
				if r.Dir == blackbox.Note {
					break
				}
				a, b := was.Feed(r.Bytes[n]), is.Feed(cut[i].Bytes[n])
				if a != b && a != protocol.FrameIgnore {
					t.Fatalf("record %d, byte %d: %v became %v", i, n, a, b)
				}
				if a == protocol.FrameDone {
					good++
				}
				if a == protocol.FrameBad {
					bad++
				}
			}
		}
		if good < 50 || bad != 1 {
			t.Errorf("%d good frames, %d damaged", good, bad)
		}
	})
}

// TestCut: what a person has to choose among are receipts too, and a registration tells whose till it is.
func TestCut(t *testing.T) {
	op := sale("doubt")
	for _, sum := range []int64{1234567, 4766668} {
		op.Candidates = append(op.Candidates, &fiscalv1.Document{Fd: 7, Total: sum, Qr: fmt.Sprintf("t=20260304T0506&s=%d.%02d&fn=1", sum/100, sum%100)})
	}
	op.Registration = &fiscalv1.Registration{Inn: "500100732259", User: "ИП Сидоров", Address: "Иванова, 5", Place: "Арабика", Sender: "buyer@example.ru", Rnm: "0000000001012345"}
	s := newScrubber()
	s.learn(op)
	b, err := proto.Marshal(cut(&journalv1.Record{Operation: op}, s))
	if err != nil {
		t.Fatal(err)
	}
	text, err := protojson.Marshal(cut(&journalv1.Record{Operation: op}, s))
	if err != nil {
		t.Fatal(err)
	}
	for what, form := range allForms() {
		if holds([][]byte{b, text}, form) {
			t.Errorf("the record holds %s", what)
		}
	}
	if !holds([][]byte{text}, []byte("0000000001012345")) || len(op.GetCandidates()) != 2 || op.GetCandidates()[0].GetTotal() != 1234567 {
		t.Errorf("too much was cut: %s", text)
	}
}

func TestScrub(t *testing.T) {
	s := newScrubber()
	s.learn(sale("k"))
	for text, want := range map[string]string{
		"сумма 300.00, оплачено 1 250,50":                   "сумма •, оплачено •",
		"звонить +7 (916) 000-11-22 или 8 916 000 11 22":    "звонить • или •",
		"ФН 9999078900012345, ФД 12, смена 3":               "ФН 9999078900012345, ФД 12, смена 3",
		"кассир Иванова Мария, 500100732259":                "кассир •, •",
		"чек 1234567 за Яблоки сезонные":                    "чек • за •",
		"письмо на a.b+c@shop.example.ru":                   "письмо на •",
		"2026-03-04T05:06, порт 7778, прошивка C.1.25, 12s": "2026-03-04T05:06, порт 7778, прошивка C.1.25, 12s",
	} {
		if got := s.text(text); got != want {
			t.Errorf("%q became %q, want %q", text, got, want)
		}
	}
}

func FuzzRedact(f *testing.F) {
	f.Add([]byte{0x05}, []byte{0x15}, []byte{0x02, 0x05, 0x10, 0x1E, 0, 0, 0, 0x0B})
	f.Add([]byte{0x8F, 0, 0, 0x0F, 0x1D}, []byte{0x8F, 0x04, 0x00, 0x01, 0x00, 0xFC, 0x9F, 0x83}, []byte{0x02, 0x02, 0xFF})
	f.Add([]byte{0x02, 0x02, 0xFF}, []byte{0x02, 0x01, 0xFE, 0xFF}, []byte{})
	f.Fuzz(func(_ *testing.T, a, b, c []byte) {
		r := &redactor{}
		r.redact([]blackbox.Record{{Dir: blackbox.Out, Bytes: a}, {Dir: blackbox.In, Bytes: b}, {Dir: blackbox.Out, Bytes: c}, {Dir: blackbox.In, Bytes: a}}, nil)
	})
}
