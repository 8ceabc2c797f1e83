package fn

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"reflect"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/chekan-io/chekan/protocol/fiscal"
)

func unhex(t testing.TB, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(strings.ReplaceAll(s, " ", ""))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// Frames taken from a published model of the accumulator, which accepts and
// makes exactly these bytes.
var frameVectors = []struct {
	req  Request
	wire string
}{
	{Status{}, "04010030ffcd"},
	{Number{}, "04010031dedd"},
	{Life{}, "04010032bded"},
	{Version{}, "040100339cfd"},
	{Cancel{}, "040100066a9b"},
	{ShiftState{}, "040100109de9"},
	{ExchangeStatus{}, "04010020cedf"},
}

func TestCRC16(t *testing.T) {
	if got := CRC16([]byte("123456789")); got != 0x29B1 {
		t.Errorf("CRC of the check string is %04X, want 29B1", got)
	}
}

func TestFrameVectors(t *testing.T) {
	for _, v := range frameVectors {
		wire := unhex(t, v.wire)
		msg, err := EncodeRequest(v.req)
		if err != nil {
			t.Fatal(err)
		}
		if got := EncodeFrame(msg); !bytes.Equal(got, wire) {
			t.Errorf("%T: % X, want % X", v.req, got, wire)
		}
		got, n, bad := Split(wire)
		if n != len(wire) || bad {
			t.Errorf("%s: Split took %d, bad %v", v.wire, n, bad)
		}
		req, err := DecodeRequest(got)
		if err != nil || req != v.req {
			t.Errorf("%s: decodes to %#v, %v", v.wire, req, err)
		}
	}
}

// minute is a time as the wire carries it.
var minute = fiscal.DateTime{Year: 2026, Month: 3, Day: 24, Hour: 20, Minute: 53}

// Messages built by hand from the layouts of the interface description.
var requestVectors = []struct {
	req Request
	msg string
}{
	{BeginRegistration{Type: 2}, "02 02"},
	{Register{At: minute, INN: "7702203276", RNM: "0000000005008570", TaxSystems: 1, Mode: 0x20}, "03 1A03181435" +
		"373730323230333237362020 3030303030303030303530303835373020202020 01 20"},
	{Register{At: minute, INN: "7702203276", RNM: "0000000005008570", TaxSystems: 1, Reason: 2}, "03 1A03181435" +
		"373730323230333237362020 3030303030303030303530303835373020202020 01 00 02"},
	{CloseArchive{At: minute, RNM: "0000000005008570"}, "05 1A03181435 3030303030303030303530303835373020202020"},
	{Data{TLV: []byte{0xFD, 3, 1, 0, 0x80}}, "07 FD03010080"},
	{BeginOpenShift{At: minute}, "11 1A03181435"},
	{FormReceipt{At: minute, Sign: 1, Total: 20000}, "16 1A03181435 01 204E000000"},
	{SetLink{Up: true}, "21 01"},
	{ReadMessage{Offset: 256, Count: 1024}, "23 0001 0004"},
	{OperatorMessage{Container: []byte{1, 2}}, "26 0102"},
	{FindDocument{FD: 163}, "40 A3000000"},
	{RegistrationTotals{}, "43"},
	{RegistrationTotals{Index: 2}, "43 02"},
	{RegistrationTag{Tag: 1037}, "44 0D04"},
	{RegistrationTag{Index: 1, Tag: AllTags}, "44 01 FFFF"},
	{Reset{Code: ResetCode}, "60 16"},
	{BeginRegistration2{Type: 0, FFD: 4}, "A2 00 04"},
	{
		Register2{At: minute, INN: "7702203276", RNM: "0000000005008570", TaxSystems: 1, ExtMode: ExtMarking, OFDINN: "7704211201", Reasons: 2},
		"A3 1A03181435 373730323230333237362020 3030303030303030303530303835373020202020 01 00 10 373730343231313230312020 02000000",
	},
}

func TestRequestVectors(t *testing.T) {
	for _, v := range requestVectors {
		want := unhex(t, v.msg)
		got, err := EncodeRequest(v.req)
		if err != nil || !bytes.Equal(got, want) {
			t.Errorf("%#v\n is % X, %v\nnot % X", v.req, got, err, want)
		}
		back, err := DecodeRequest(want)
		if diff := cmp.Diff(v.req, back); err != nil || diff != "" {
			t.Errorf("% X: %v %s", want, err, diff)
		}
	}
}

var answerVectors = []struct {
	cmd    Command
	answer Answer
	msg    string
}{
	{CmdStatus, StatusAnswer{
		Phase: PhaseFiscal, Shift: true, Last: fiscal.DateTime{Year: 2026, Month: 2, Day: 2, Hour: 19, Minute: 6},
		FN: "9999078902001234", FD: 12,
	}, "00 03 00 00 01 00 1A02021306 39393939303738393032303031323334 0C000000"},
	{CmdNumber, NumberAnswer{FN: "9999078902001234"}, "00 39393939303738393032303031323334"},
	{CmdLife, LifeAnswer{Until: fiscal.DateTime{Year: 2019, Month: 9, Day: 2}, Left: 29, Done: 1}, "00 130902 1D 01"},
	{CmdVersion, VersionAnswer{Version: "fn debug 1.32"}, "00 666E20646562756720312E3332202020 00"},
	{CmdCancel, EmptyAnswer{}, "00"},
	{CmdRegister, DocumentAnswer{FD: 1, FP: 476807588}, "00 01000000 A4816B1C"},
	{CmdShiftState, ShiftStateAnswer{Open: true, Shift: 5, Receipt: 7}, "00 01 0500 0700"},
	{CmdFormReceipt, NumberedAnswer{Number: 3, FD: 163, FP: 0x2E4BEAEB}, "00 0300 A3000000 EBEA4B2E"},
	{
		CmdFormReport,
		ReportAnswer{FD: 13, FP: 0x073F923B, Unsent: 2, FirstUnsent: fiscal.DateTime{Year: 2018, Month: 1, Day: 25}},
		"00 0D000000 3B923F07 02000000 120119",
	},
	{
		CmdExchangeStatus,
		ExchangeStatusAnswer{Flags: ExchangeConnected | ExchangeHasMessage, Queue: 2, FirstFD: 12, First: minute},
		"00 03 00 0200 0C000000 1A03181435",
	},
	{CmdBeginReadMessage, MessageLengthAnswer{Length: 305}, "00 3101"},
	{CmdOperatorMessage, OperatorMessageAnswer{Code: 14, TLV: []byte{1}}, "00 0E 01"},
	// A receipt of 24.03.17 for 200.00, as a till handed it on (Shtrih protocol 1.17, FF0Ah).
	{CmdFindDocument, FoundDocumentAnswer{
		Type: fiscal.DocReceipt, At: fiscal.DateTime{Year: 2017, Month: 3, Day: 24, Hour: 20, Minute: 53}, FD: 163, FP: 0x2E4BEAEB,
		Sign: 1, Total: 20000,
	}, "00 03 00 1103181435 A3000000 EBEA4B2E 01 204E000000"},
	{CmdFindDocument, FoundDocumentAnswer{
		Type: fiscal.DocShiftClosed, At: fiscal.DateTime{Year: 2017, Month: 7, Day: 6, Hour: 2, Minute: 54}, FD: 6, FP: 0xD96100FD, Shift: 1,
	}, "00 05 00 1107060236 06000000 FD0061D9 0100"},
	{CmdRegistrationTotals, RegistrationTotalsAnswer{
		At: minute, INN: "7702203276", RNM: "0000000005008570", TaxSystems: 1, Mode: 0x20, FD: 1, FP: 2,
	}, "00 1A03181435 373730323230333237362020 3030303030303030303530303835373020202020 01 20 01000000 02000000"},
	{CmdUnsentCount, CountAnswer{Count: 258}, "00 0201"},
	{CmdReadDocument, ReadDocumentAnswer{Type: 3, Length: 436}, "00 0300 B401"},
	{CmdFFDVersions, FFDVersionsAnswer{Current: 2, Maximum: 4}, "00 02 04"},
	{CmdFreeMemory, FreeMemoryAnswer{Documents: 1, Kilobytes: 2, Notices: 3}, "00 01000000 02000000 03"},
}

func TestAnswerVectors(t *testing.T) {
	for _, v := range answerVectors {
		want := unhex(t, v.msg)
		got, err := EncodeAnswer(v.cmd, v.answer, false)
		if err != nil || !bytes.Equal(got, want) {
			t.Errorf("%v: %#v\n is % X, %v\nnot % X", v.cmd, v.answer, got, err, want)
		}
		for _, warning := range []bool{false, true} {
			msg := bytes.Clone(want)
			if warning {
				msg[0] |= WarningBit
			}
			back, w, err := DecodeAnswer(v.cmd, msg)
			if err != nil || w != warning {
				t.Errorf("%v: warning %v, %v", v.cmd, w, err)
			}
			if diff := cmp.Diff(normal(v.answer), normal(back)); diff != "" {
				t.Errorf("%v: %s", v.cmd, diff)
			}
		}
	}
}

// normal turns empty slices into nil ones.
func normal(a any) any {
	v := reflect.New(reflect.TypeOf(a)).Elem()
	v.Set(reflect.ValueOf(a))
	for i := range v.NumField() {
		if f := v.Field(i); f.Kind() == reflect.Slice && f.Len() == 0 {
			f.SetZero()
		}
	}
	return v.Interface()
}

// TestLengths pins the lengths known of answers whose fields are not.
func TestLengths(t *testing.T) {
	for _, v := range []struct {
		cmd    Command
		answer Answer
		want   int
	}{
		{CmdStatus, StatusAnswer{}, 30},
		{CmdExchangeStatus, ExchangeStatusAnswer{}, 13},
		{CmdServiceRecord, ServiceRecordAnswer{Data: make([]byte, 8)}, 8},
		{CmdCounters, CountersAnswer{}, 354},
		{CmdOperationCounters, OperationCountersAnswer{}, 46},
		{CmdTypeCounters, TypeCountersAnswer{}, 86},
		{CmdUnsentCounters, UnsentCountersAnswer{}, 44},
		{CmdExecution, ExecutionAnswer{}, 48},
	} {
		msg, err := EncodeAnswer(v.cmd, v.answer, false)
		if err != nil || len(msg) != 1+v.want {
			t.Errorf("%v: %d bytes of data, %v; want %d", v.cmd, len(msg)-1, err, v.want)
		}
	}
}

// TestTolerance: what real accumulators were seen to leave out or to add.
func TestTolerance(t *testing.T) {
	for _, v := range []struct {
		name string
		cmd  Command
		msg  string
		want Answer
	}{
		{"status of the exchange without a time", CmdExchangeStatus, "00 01 00 0000 00000000", ExchangeStatusAnswer{Flags: ExchangeConnected}},
		{"version without its kind", CmdVersion, "00 666E20646562756720312E3332202020", VersionAnswer{Version: "fn debug 1.32"}},
		{
			"report with a date of three bytes", CmdFindDocument, "00 15 01 1A03181435 01000000 02000000 03000000 1A0317",
			FoundDocumentAnswer{
				Type: fiscal.DocSettlementReport, Ticket: true, At: minute, FD: 1, FP: 2, Unsent: 3,
				FirstUnsent: fiscal.DateTime{Year: 2026, Month: 3, Day: 23},
			},
		},
		{"more at the end than is known", CmdLife, "00 130902 1D 01 FF", LifeAnswer{Until: fiscal.DateTime{Year: 2019, Month: 9, Day: 2}, Left: 29, Done: 1}},
	} {
		got, _, err := DecodeAnswer(v.cmd, unhex(t, v.msg))
		if err != nil {
			t.Errorf("%s: %v", v.name, err)
			continue
		}
		if diff := cmp.Diff(normal(v.want), normal(got)); diff != "" {
			t.Errorf("%s: %s", v.name, diff)
		}
	}
	if r, err := DecodeRequest([]byte{byte(CmdBeginRegistration)}); err != nil || r != (BeginRegistration{}) {
		t.Errorf("registration without a type: %#v, %v", r, err)
	}
}

func TestRefusals(t *testing.T) {
	for code := range codeTexts {
		if code == OK {
			continue
		}
		want := &Refusal{Command: CmdFormReceipt, Code: code, Warning: true}
		_, warning, err := DecodeAnswer(CmdFormReceipt, want.Encode())
		got, ok := AsRefusal(err)
		if !ok || !warning || got.Code != code || got.Command != CmdFormReceipt || !strings.Contains(err.Error(), code.Text()) {
			t.Errorf("%v: warning %v, %v", code, warning, err)
		}
	}
	_, _, err := DecodeAnswer(CmdOperatorMessage, []byte{byte(ErrMessage), byte(ReasonFD)})
	r, _ := AsRefusal(err)
	if reason, ok := r.Reason(); !ok || reason != ReasonFD || !strings.Contains(err.Error(), "номер документа") {
		t.Errorf("reason %v, %v", reason, err)
	}
	if got := r.Encode(); !bytes.Equal(got, []byte{0x20, 3}) {
		t.Errorf("encodes to % X", got)
	}
	if Code(0x7F).Text() == "" || Code(0x7F).String() == "" {
		t.Error("an unknown code has no text")
	}
}

// TestEveryCommand: each command has a name, a layout and a known answer, and
// a request of zeros survives both ways.
func TestEveryCommand(t *testing.T) {
	if len(requests) != len(commandNames) {
		t.Errorf("%d layouts for %d commands", len(requests), len(commandNames))
	}
	for cmd, s := range requests {
		c := &cursor{buf: make([]byte, 64)}
		r, ok := s.decode(c).(Request)
		if !ok || r.Command() != cmd {
			t.Errorf("%v: its request is %T", cmd, r)
			continue
		}
		msg, err := EncodeRequest(r)
		if err != nil {
			t.Errorf("%v: %v", cmd, err)
			continue
		}
		back, err := DecodeRequest(msg)
		if diff := cmp.Diff(r, back); err != nil || diff != "" {
			t.Errorf("%v: %v %s", cmd, err, diff)
		}
		if _, named := commandNames[cmd]; !named || !strings.Contains(cmd.String(), " ") {
			t.Errorf("%v has no name", cmd)
		}
	}
	for cmd := range answerShapes {
		if _, ok := requests[cmd]; !ok {
			t.Errorf("%v is answered and never asked", cmd)
		}
	}
	if !CmdFormReceipt.Forms() || CmdData.Forms() || CmdStatus.SecondHand() || !CmdCounters.SecondHand() || !CmdRegister2.SecondHand() {
		t.Error("a command has the wrong class")
	}
}

func TestBadValues(t *testing.T) {
	for _, r := range []Request{
		FormReceipt{Total: -1},
		FormReceipt{Total: 1 << 40},
		Register{INN: "1234567890123"},
		BeginReceipt{At: fiscal.DateTime{Year: 1999}},
		BeginReceipt{At: fiscal.DateTime{Year: 2256}},
		Data{TLV: make([]byte, MaxData+1)},
		CheckMark{Mark: make([]byte, 256)},
		Unknown{},
		nil,
	} {
		if msg, err := EncodeRequest(r); err == nil {
			t.Errorf("%T encodes to % X", r, msg)
		}
	}
	for _, msg := range []string{"", "16", "16 1A03181435 01 204E0000", "16 1A03181435 01 204E000000 00", "30 00", "40 010000"} {
		if r, err := DecodeRequest(unhex(t, msg)); err == nil {
			t.Errorf("%s decodes to %#v", msg, r)
		}
	}
	if _, err := EncodeAnswer(CmdStatus, NumberAnswer{}, false); !errors.Is(err, ErrUnknown) {
		t.Errorf("the answer of another command: %v", err)
	}
	if _, _, err := DecodeAnswer(CmdStatus, []byte{0, 3}); !errors.Is(err, ErrMalformed) {
		t.Errorf("a short status: %v", err)
	}
	if r, err := DecodeRequest([]byte{0x99, 1}); err != nil || !reflect.DeepEqual(r, Unknown{Raw: []byte{0x99, 1}}) {
		t.Errorf("an unknown command: %#v, %v", r, err)
	}
}

func TestStream(t *testing.T) {
	status, number := unhex(t, "04010030ffcd"), unhex(t, "04010031dedd")
	damaged := bytes.Clone(status)
	damaged[3] ^= 0x10
	// A start byte that promises more than it has must not swallow the frame.
	stream := bytes.Join([][]byte{{0x00, ENQ, 0xFF}, status, damaged, number, {Start, 0xFF, 0xFF}, status, {Start, 0, 0}, number}, nil)
	var r Reader
	var frames []string
	counts := map[Event]int{}
	for _, b := range stream {
		r.Push([]byte{b})
		for {
			e := r.Next()
			if e == EventNone {
				break
			}
			counts[e]++
			if e == EventFrame {
				frames = append(frames, hex.EncodeToString(r.Message()))
			}
		}
	}
	want := []string{"30", "31", "30", "31"}
	if diff := cmp.Diff(want, frames); diff != "" {
		t.Error(diff)
	}
	if counts[EventENQ] != 1 || counts[EventBad] != 3 || counts[EventJunk] == 0 {
		t.Errorf("events %v", counts)
	}
	if r.Inside() {
		t.Error("the reader waits for more")
	}

	frames = nil
	anyBad := false
	for rest := stream; ; {
		msg, n, bad := Split(rest)
		rest = rest[n:]
		anyBad = anyBad || bad
		if msg == nil {
			break
		}
		frames = append(frames, hex.EncodeToString(msg))
	}
	if diff := cmp.Diff(want, frames); diff != "" || !anyBad {
		t.Errorf("bad %v %s", anyBad, diff)
	}
	r.Push(status[:4])
	if r.Next() != EventNone || !r.Inside() {
		t.Error("half a frame is not waited for")
	}
	r.Reset()
	if r.Inside() {
		t.Error("reset keeps half a frame")
	}
}

func FuzzStream(f *testing.F) {
	for _, v := range frameVectors {
		f.Add(append([]byte{Start, ENQ, 0xFF}, unhex(f, v.wire)...), uint8(3))
	}
	f.Fuzz(func(t *testing.T, stream []byte, step uint8) {
		// However the bytes come, the frames are the same, and each is byte for
		// byte what its message makes.
		var r Reader
		var got [][]byte
		for at := 0; at < len(stream); {
			n := min(int(step)+1, len(stream)-at)
			r.Push(stream[at : at+n])
			at += n
			for e := r.Next(); e != EventNone; e = r.Next() {
				if e == EventFrame {
					got = append(got, r.Message())
				}
			}
			if len(r.buf) > MaxFrame {
				t.Fatalf("%d bytes are held", len(r.buf))
			}
		}
		var split [][]byte
		for rest := stream; ; {
			msg, n, _ := Split(rest)
			if msg == nil {
				if n > len(rest) {
					t.Fatalf("%d of %d bytes", n, len(rest))
				}
				break
			}
			if wire := EncodeFrame(msg); !bytes.HasSuffix(rest[:n], wire) {
				t.Fatalf("% X in % X", wire, rest[:n])
			}
			split, rest = append(split, msg), rest[n:]
		}
		if len(got) != len(split) {
			t.Fatalf("%d frames byte by byte, %d at once", len(got), len(split))
		}
		for i := range got {
			if !bytes.Equal(got[i], split[i]) {
				t.Fatalf("% X\n% X", got[i], split[i])
			}
		}
	})
}

func FuzzDecodeRequest(f *testing.F) {
	for _, v := range requestVectors {
		f.Add(unhex(f, v.msg))
	}
	for cmd := range requests {
		f.Add(append([]byte{byte(cmd)}, make([]byte, 60)...))
	}
	f.Fuzz(func(t *testing.T, msg []byte) {
		r, err := DecodeRequest(msg)
		if err != nil {
			return
		}
		again, err := EncodeRequest(r)
		if err != nil {
			t.Fatalf("% X decodes to %+v and does not encode: %v", msg, r, err)
		}
		back, err := DecodeRequest(again)
		if diff := cmp.Diff(r, back); err != nil || diff != "" {
			t.Fatalf("% X: %v %s", msg, err, diff)
		}
	})
}

func FuzzDecodeAnswer(f *testing.F) {
	for _, v := range answerVectors {
		f.Add(byte(v.cmd), unhex(f, v.msg))
	}
	for cmd := range answerShapes {
		f.Add(byte(cmd), make([]byte, 400))
		f.Add(byte(cmd), []byte{0x96, 1})
	}
	f.Fuzz(func(t *testing.T, cmd byte, msg []byte) {
		a, warning, err := DecodeAnswer(Command(cmd), msg)
		if r, refused := AsRefusal(err); refused {
			if again := r.Encode(); !bytes.Equal(again, msg) {
				t.Fatalf("%v was % X, now % X", r, msg, again)
			}
			return
		}
		if err != nil {
			return
		}
		again, err := EncodeAnswer(Command(cmd), a, warning)
		if err != nil {
			t.Fatalf("% X decodes to %+v and does not encode: %v", msg, a, err)
		}
		back, _, err := DecodeAnswer(Command(cmd), again)
		if diff := cmp.Diff(normal(a), normal(back)); err != nil || diff != "" {
			t.Fatalf("% X: %v %s", msg, err, diff)
		}
	})
}

// TestFrameSize: the longest message makes the longest packet of the
// interface description.
func TestFrameSize(t *testing.T) {
	b := EncodeFrame(make([]byte, MaxMessage))
	if len(b) != 1030 || binary.LittleEndian.Uint16(b[1:]) != 1025 {
		t.Errorf("%d bytes", len(b))
	}
}
