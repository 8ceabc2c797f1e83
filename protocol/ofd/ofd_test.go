package ofd

import (
	"bytes"
	"encoding/hex"
	"errors"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/chekan-io/chekan/protocol/ffd"
	"github.com/chekan-io/chekan/protocol/fiscal"
)

// vector reads a published capture: hex with comment lines.
func vector(t testing.TB, name string) []byte {
	t.Helper()
	text, err := os.ReadFile("testdata/" + name)
	if err != nil {
		t.Fatal(err)
	}
	var digits strings.Builder
	for line := range strings.Lines(string(text)) {
		if !strings.HasPrefix(line, "#") {
			digits.WriteString(strings.TrimSpace(line))
		}
	}
	b, err := hex.DecodeString(digits.String())
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestCRC(t *testing.T) {
	if got := fiscal.CRC16(0xFFFF, []byte("123456789")); got != 0x29B1 {
		t.Errorf("check value %04Xh, want 29B1h", got)
	}
}

func TestContainer_published(t *testing.T) {
	for _, tt := range []struct {
		file string
		size int
		crc  uint16
		want Container
	}{
		{"registration.hex", 305, 0xEC03, Container{
			Sender: FromTill, Type: fiscal.DocRegistration, Format: 1, Kind: [2]byte{0x10, 0x09}, FN: "999907891234567", FD: 1,
			Nonce: [4]byte{0x00, 0x23, 0x09, 0x82}, Counter: [4]byte{0xC4, 0, 0, 1}, Mode: [2]byte{0, 2},
			Sign: [6]byte{0x73, 0xFC, 0xA3, 0x4B, 0x28, 0x72},
		}},
		{"acknowledgement.hex", 150, 0x81CB, Container{
			Sender: FromOperator, Type: fiscal.DocOperatorTicket, Format: 1, Kind: [2]byte{0x10, 0x09}, FN: "999907891234567", FD: 1,
			Nonce: [4]byte{0xA2, 0xEB, 0x78, 0xC9}, Counter: [4]byte{0x3E, 0x0A, 0x1D, 0x61}, Mode: [2]byte{0, 2},
			Sign: [6]byte{0xAA, 0x68, 0x82, 0x72, 0x95, 0x84},
		}},
	} {
		b := vector(t, tt.file)
		if len(b) != tt.size || containerCRC(b) != tt.crc {
			t.Errorf("%s: %d bytes with %04Xh, want %d with %04Xh", tt.file, len(b), containerCRC(b), tt.size, tt.crc)
		}
		got, err := ParseContainer(b)
		if err != nil {
			t.Errorf("%s: %v", tt.file, err)
			continue
		}
		if again := got.Append(nil); !bytes.Equal(again, b) {
			t.Errorf("%s written again:\n% X\nwant\n% X", tt.file, again, b)
		}
		tt.want.Document = got.Document
		if diff := cmp.Diff(tt.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tt.file, diff)
		}
		if got.Document[0] != byte(got.Type) || got.Document[1] != 0 {
			t.Errorf("%s: the document begins with % X", tt.file, got.Document[:4])
		}
	}
}

func TestAcknowledgement_published(t *testing.T) {
	c, err := ParseContainer(vector(t, "acknowledgement.hex"))
	if err != nil {
		t.Fatal(err)
	}
	got, err := ParseAcknowledgement(c)
	if err != nil {
		t.Fatal(err)
	}
	want := Acknowledgement{
		FN: "999907891234567", FD: 1, At: fiscal.DateTime{Year: 2016, Month: 4, Day: 6, Hour: 15, Minute: 59, Second: 42}, INN: "770123456789",
		Sign: [18]byte{0x88, 0x10, 0x0D, 0x5D, 0x48, 0xE9, 0x00, 0x03, 0x81, 0x06, 0xD1, 0x7A, 0x06, 0xA8, 0x71, 0x45, 0, 0},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	// The document it acknowledged had this nonce and this sign.
	sent := NewContainer(FromTill, fiscal.DocRegistration, "999907891234567", 1)
	sent.Nonce, sent.Sign = [4]byte{0xA2, 0xEB, 0x78, 0xC9}, [6]byte{0xD1, 0x7A, 0x06, 0xA8, 0x71, 0x45}
	if _, err := sent.Answers(vector(t, "acknowledgement.hex")); err != nil {
		t.Errorf("the real acknowledgement is refused: %v", err)
	}
}

// TestHeader_published reads the header of a capture with version bytes in the other order and a short number.
func TestHeader_published(t *testing.T) {
	header, err := hex.DecodeString("2a08410a81a200013939393930373839353020202020202031011400" + "0000")
	if err != nil {
		t.Fatal(err)
	}
	if n, err := BodyLength(header); n != 305 || err != nil {
		t.Errorf("body of %d bytes, %v; want 305", n, err)
	}
	whole := append(header, vector(t, "registration.hex")...)
	m, err := ParseMessage(whole)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(Header{Version: Version{0, 1}, FN: "9999078950", Flags: HasContainer | WantsAnswer}, m.Header); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if m.Version.FFD() != 1 || m.IsService() {
		t.Errorf("format %d, service %t", m.Version.FFD(), m.IsService())
	}
	if again := m.Append(nil); !bytes.Equal(again, whole) {
		t.Errorf("written again % X", again[:HeaderSize])
	}
}

func TestVersion(t *testing.T) {
	for n, want := range map[byte]Version{1: {1, 0}, 2: {1, 5}, 3: {1, 0x10}, 4: {1, 0x20}} {
		if got := VersionOf(n); got != want || got.FFD() != n {
			t.Errorf("version of %d is % X and reads back as %d", n, got, got.FFD())
		}
	}
	if n := (Version{9, 9}).FFD(); n != 0 {
		t.Errorf("an unknown version reads as %d", n)
	}
}

func TestMessage_checksums(t *testing.T) {
	body := vector(t, "registration.hex")
	for mode := CRCNone; mode <= CRCWhole; mode++ {
		m := Message{Header: Header{Version: Version12, FN: "9999078900003063", Flags: HasContainer | WantsAnswer | Flags(mode)}, Body: body}
		b := m.Append(nil)
		got, err := ParseMessage(b)
		if err != nil {
			t.Fatalf("mode %d: %v", mode, err)
		}
		if diff := cmp.Diff(m, got); diff != "" {
			t.Errorf("mode %d (-want +got):\n%s", mode, diff)
		}
		for at, guarded := range map[int]bool{9: mode >= CRCHeader, HeaderSize + 40: mode == CRCWhole} {
			damaged := bytes.Clone(b)
			damaged[at] ^= 1
			if _, err := ParseMessage(damaged); errors.Is(err, ErrCRC) != guarded {
				t.Errorf("mode %d, byte %d damaged: %v", mode, at, err)
			}
		}
	}
	forbidden := Message{Header: Header{Flags: 3}}.Append(nil)
	if _, err := ParseMessage(forbidden); !errors.Is(err, ErrFormat) {
		t.Errorf("mode 3: %v", err)
	}
}

func TestMessage_broken(t *testing.T) {
	good := Service("9999078900003063", Version105).Append(nil)
	other := bytes.Clone(good)
	other[0] = 'H'
	long := bytes.Clone(good)
	long[25] = 0xFF
	for _, tt := range []struct {
		name string
		b    []byte
		want error
	}{
		{"nothing", nil, ErrShort},
		{"half a header", good[:29], ErrShort},
		{"another protocol", other, ErrSignature},
		{"over 32 KB", long, ErrFormat},
		{"body cut", Message{Body: []byte("12345")}.Append(nil)[:33], ErrShort},
		{"bytes left over", append(bytes.Clone(good), 1), ErrShort},
	} {
		if _, err := ParseMessage(tt.b); !errors.Is(err, tt.want) {
			t.Errorf("%s: %v, want %v", tt.name, err, tt.want)
		}
	}
}

func TestService(t *testing.T) {
	ask := Service("9999078900003063", Version12)
	b := ask.Append(nil)
	if len(b) != HeaderSize || b[26] != 0x10 || b[27] != 0 {
		t.Errorf("service message % X, want flags 0010h and no body", b)
	}
	ask.Flags |= Flags(CRCHeader)
	reply := ask.Reply(nil).Append(nil)
	if reply[26] != 0x01 {
		t.Errorf("reply has flags %02X%02Xh, want 0001h", reply[27], reply[26])
	}
	if m, err := ParseMessage(reply); err != nil || !m.IsService() || m.FN != ask.FN {
		t.Errorf("reply reads as %+v, %v", m, err)
	}
}

func TestRepaired(t *testing.T) {
	for _, tt := range []struct{ have, want Version }{
		{Version{1, 1}, Version11}, {Version{1, 2}, Version12}, {Version105, Version105}, {Version{0, 1}, Version{0, 1}},
	} {
		b := Message{Header: Header{Version: tt.have}}.Append(nil)
		before := bytes.Clone(b)
		if got := Version(Repaired(b)[6:8]); got != tt.want {
			t.Errorf("% X became % X, want % X", tt.have, got, tt.want)
		}
		if !bytes.Equal(b, before) {
			t.Error("the argument was changed")
		}
	}
	guarded := Message{Header: Header{Version: Version{1, 1}, Flags: Flags(CRCHeader)}}.Append(nil)
	if got := Repaired(guarded); !bytes.Equal(got, guarded) {
		t.Error("a header with a checksum was changed")
	}
}

func TestAcknowledge(t *testing.T) {
	sent, err := ParseContainer(vector(t, "registration.hex"))
	if err != nil {
		t.Fatal(err)
	}
	given := Acknowledgement{
		At:  fiscal.DateTime{Year: 2026, Month: 7, Day: 20, Hour: 23, Minute: 59, Second: 58},
		INN: "9715260691", Code: CodeFormat, Notice: NoticeUpdate | NoticeCabinet, Sign: [18]byte{1, 2, 3, 4, 5, 6, 7, 8},
	}
	answer := sent.Acknowledge(given, [6]byte{9, 8, 7, 6, 5, 4})
	b := answer.Append(nil)
	if b[4] != 0x5A || !bytes.Equal(b[20:24], []byte{0x00, 0x23, 0x09, 0x82}) || !bytes.Equal(b[len(b)-10:], []byte{0x82, 6, 9, 8, 7, 6, 5, 4, 0, 0}) {
		t.Errorf("the container does not echo: % X", b)
	}
	got, err := sent.Answers(b)
	if err != nil {
		t.Fatal(err)
	}
	want := given
	want.FN, want.FD = sent.FN, sent.FD
	copy(want.Sign[8:], []byte{0x81, 0x06, 0x73, 0xFC, 0xA3, 0x4B, 0x28, 0x72, 0, 0})
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if words := got.Notice.Words(); len(words) != 2 {
		t.Errorf("two notices say %q", words)
	}
}

func TestAnswers_refusals(t *testing.T) {
	sent := NewContainer(FromTill, fiscal.DocReceipt, "9999078900003063", 7)
	sent.Document, sent.Sign = ffd.Document{Type: fiscal.DocReceipt}.Append(nil), [6]byte{1, 2, 3, 4, 5, 6}
	otherFD, otherFN, otherSign := sent, sent, sent
	otherFD.FD, otherFN.FN, otherSign.Sign = 8, "9999078900003064", [6]byte{}
	ack := func(c Container) []byte { return c.Acknowledge(Acknowledgement{}, [6]byte{}).Append(nil) }
	damaged := ack(sent)
	damaged[50] ^= 0x10
	empty := sent.Acknowledge(Acknowledgement{}, [6]byte{})
	empty.Document = ffd.Document{Type: fiscal.DocOperatorTicket}.Append(nil)
	for _, tt := range []struct {
		name string
		b    []byte
		want Reason
	}{
		{"damaged", damaged, ReasonCRC},
		{"cut", ack(sent)[:60], ReasonCRC},
		{"nothing", nil, ReasonFormat},
		{"its own message", sent.Append(nil), ReasonFormat},
		{"no tags", empty.Append(nil), ReasonFormat},
		{"another document", ack(otherFD), ReasonFD},
		{"another memory", ack(otherFN), ReasonFN},
		{"another sign", ack(otherSign), ReasonSign},
	} {
		_, err := sent.Answers(tt.b)
		if r, ok := errors.AsType[*Refusal](err); !ok || r.Reason != tt.want {
			t.Errorf("%s: %v, want %v", tt.name, err, tt.want)
		}
	}
}

func TestSameFN(t *testing.T) {
	for _, tt := range []struct {
		a, b string
		want bool
	}{
		{"9999078900003063", "9999078900003063", true},
		{"9999078900003063", "999907890000306", true}, // 15 digits were packed
		{"999907890000306", "9999078900003063", true},
		{"9999078900003063", "9999078900003064", false},
		{"9999078900003063", "99990789", false},
		{"", "9999078900003063", false},
	} {
		if SameFN(tt.a, tt.b) != tt.want {
			t.Errorf("%q and %q: want %t", tt.a, tt.b, tt.want)
		}
	}
}

func FuzzMessage(f *testing.F) {
	f.Add(Service("9999078900003063", Version12).Append(nil))
	f.Add(Message{Header: Header{Version: Version105, FN: "999907891234567", Flags: 0x14}, Body: vector(f, "registration.hex")}.Append(nil))
	f.Add(Message{Header: Header{Version: Version105, Flags: 0x06}, Body: vector(f, "acknowledgement.hex")}.Append(nil))
	f.Fuzz(func(t *testing.T, b []byte) {
		m, err := ParseMessage(b)
		if err != nil {
			return
		}
		again, err := ParseMessage(m.Append(nil))
		if err != nil {
			t.Fatalf("what was read cannot be read after writing: %v", err)
		}
		if diff := cmp.Diff(m, again); diff != "" && len(m.Body) > 0 {
			t.Fatalf("(-first +again):\n%s", diff)
		}
		c, err := ParseContainer(m.Body)
		if err != nil {
			return
		}
		if c2, err := ParseContainer(c.Append(nil)); err != nil || !cmp.Equal(c, c2) {
			t.Fatalf("container: %v\n%s", err, cmp.Diff(c, c2))
		}
		if a, err := ParseAcknowledgement(c); err == nil {
			_ = a.Notice.Words()
		}
	})
}
