package shtrih

import (
	"bytes"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestVectors(t *testing.T) {
	vectors := readVectors(t)
	for _, v := range vectors {
		t.Run(v.at, func(t *testing.T) {
			checkLink(t, v)
			if v.value == nil {
				return
			}
			if v.toDevice {
				checkRequest(t, v)
			} else {
				checkAnswer(t, v)
			}
		})
	}
}

func checkLink(t *testing.T, v vector) {
	t.Helper()
	switch v.link {
	case "standard":
		if got := EncodeFrame(v.message()); !bytes.Equal(got, v.wire) {
			t.Errorf("EncodeFrame\n got % X\nwant % X", got, v.wire)
		}
		msg, n, err := DecodeFrame(v.wire)
		if err != nil || n != len(v.wire) || !bytes.Equal(msg, v.message()) {
			t.Errorf("DecodeFrame: % X, %d bytes, %v", msg, n, err)
		}
	case "alternative":
		want := v.packet
		want.Data = v.message()
		if got := want.Encode(); !bytes.Equal(got, v.wire) {
			t.Errorf("Encode\n got % X\nwant % X", got, v.wire)
		}
		var r PacketReader
		for i, b := range v.wire {
			event, due := r.Feed(b), PacketMore
			if i == len(v.wire)-1 {
				due = PacketDone
			}
			if event != due {
				t.Fatalf("byte %d: event %d, want %d", i, event, due)
			}
		}
		if diff := cmp.Diff(want, r.Packet()); diff != "" {
			t.Errorf("packet (-want +got)\n%s", diff)
		}
	}
}

func checkRequest(t *testing.T, v vector) {
	t.Helper()
	want, ok := v.value.(Request)
	if !ok {
		t.Fatalf("%T is no request", v.value)
	}
	got, err := DecodeRequest(v.message())
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("decoded (-want +got)\n%s", diff)
	}
	msg, err := EncodeRequest(want)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(msg, v.message()) {
		t.Errorf("encoded\n got % X\nwant % X", msg, v.message())
	}
}

func checkAnswer(t *testing.T, v vector) {
	t.Helper()
	got, err := DecodeAnswer(v.req, v.message())
	if want, ok := v.value.(DeviceError); ok {
		e, ok := AsDeviceError(err)
		if !ok {
			t.Fatalf("DecodeAnswer: %v, %v", got, err)
		}
		if diff := cmp.Diff(want, *e); diff != "" {
			t.Errorf("decoded (-want +got)\n%s", diff)
		}
		if msg := want.Encode(); !bytes.Equal(msg, v.message()) {
			t.Errorf("encoded\n got % X\nwant % X", msg, v.message())
		}
		return
	}
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(v.value, any(got)); diff != "" {
		t.Errorf("decoded (-want +got)\n%s", diff)
	}
	want, ok := v.value.(Answer)
	if !ok {
		t.Fatalf("%T is no answer", v.value)
	}
	msg, err := EncodeAnswer(want)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(msg, v.message()) {
		t.Errorf("encoded\n got % X\nwant % X", msg, v.message())
	}
	if got.Code() != v.req {
		t.Errorf("answer to %v, want %v", got.Code(), v.req)
	}
}

// Every command has a layout for both directions, a description, and a struct
// that knows its code.
func TestTables(t *testing.T) {
	for _, d := range Commands() {
		s, ok := requests[family(d.Code)]
		if !ok {
			t.Errorf("%v: no layout of the request", d.Code)
			continue
		}
		r, ok := s.decode(&cursor{}, d.Code).(Request)
		if !ok || r.Code() != d.Code {
			t.Errorf("%v: decodes to %T", d.Code, r)
		}
		if _, ok := answers[d.Code]; !ok && family(d.Code) != serviceFamily {
			t.Errorf("%v: no layout of the answer", d.Code)
		}
		if d.Commits && d.ReadOnly {
			t.Errorf("%v both commits and only reads", d.Code)
		}
		if d.TimeoutMS <= 0 || d.Name == "" {
			t.Errorf("%v: %+v", d.Code, d)
		}
	}
	for code := range requests {
		if code != serviceFamily && Describe(code).Name == "" {
			t.Errorf("%v is not described", code)
		}
	}
	for code, s := range answers {
		a, ok := s.decode(&cursor{}, code).(Answer)
		if !ok || a.Code() != code {
			t.Errorf("%v: answer decodes to %T of %v", code, a, a.Code())
		}
		if _, ok := requests[code]; !ok {
			t.Errorf("%v has an answer and no request", code)
		}
	}
	for code := range allowedModes {
		if Describe(code).Name == "" {
			t.Errorf("%v is in the matrix and unknown", code)
		}
	}
}

// The commands that must never be sent again blindly.
func TestDescribe_commits(t *testing.T) {
	for _, code := range []Code{
		0xFF45, 0x85, 0x8E, 0x41, 0xE0, 0x40, 0x50, 0x51, 0xFF46, 0x80, 0x81, 0x82, 0x83,
		0xFF0B, 0xFF43, 0xFF36, 0xFF4A, 0xFF38, 0xFF06, 0xFF34, 0x12, 0x17, 0x2F, 0x9A,
	} {
		if !Describe(code).Commits {
			t.Errorf("%v may be resent", code)
		}
	}
	for _, code := range []Code{0x10, 0x11, 0xFF01, 0xFF0A, 0xFF40, 0x89, 0x1A, 0x1B, 0xB0, 0x88} {
		if Describe(code).Commits {
			t.Errorf("%v may not be resent", code)
		}
	}
}

func TestDecodeAnswer_refuses(t *testing.T) {
	for _, tt := range []struct {
		name string
		req  Code
		msg  []byte
		want error // nil: a MismatchError
	}{
		{"nothing", 0x10, nil, ErrMalformed},
		{"no error byte", 0x10, []byte{0x10}, ErrMalformed},
		{"no error byte of two", 0xFF45, []byte{0xFF, 0x00}, nil},
		{"too short", 0xFF45, []byte{0xFF, 0x45, 0, 1, 2}, ErrMalformed},
		{"another command", 0x11, []byte{0x1E, 0}, nil},
		{"another command of the family", 0xFF45, []byte{0xFF, 0x46, 0}, nil},
		{"longer than a message", 0x1F, append([]byte{0x1F}, make([]byte, 255)...), ErrMalformed},
	} {
		t.Run(tt.name, func(t *testing.T) {
			a, err := DecodeAnswer(tt.req, tt.msg)
			if tt.want == nil {
				var e *MismatchError
				if !errors.As(err, &e) || e.Want != tt.req {
					t.Errorf("got %v, %v", a, err)
				}
			} else if !errors.Is(err, tt.want) {
				t.Errorf("got %v, %v", a, err)
			}
		})
	}
}

func TestDecodeRequest_refuses(t *testing.T) {
	for _, msg := range [][]byte{nil, {0x10}, {0x10, 1, 0, 0}, {0x10, 1, 0, 0, 0, 0}, {0xFF, 0x45, 1, 0, 0, 0}, make([]byte, 256)} {
		if r, err := DecodeRequest(msg); !errors.Is(err, ErrMalformed) {
			t.Errorf("% X: %v, %v", msg, r, err)
		}
	}
	r, err := DecodeRequest([]byte{0xFF, 0x99, 1})
	if diff := cmp.Diff(Request(Unknown{Raw: []byte{0xFF, 0x99, 1}}), r); err != nil || diff != "" {
		t.Errorf("unknown command: %v, %v", r, err)
	}
	if r.Code() != 0xFF99 {
		t.Errorf("code %v", r.Code())
	}
}

func TestEncodeRequest_refuses(t *testing.T) {
	for name, tt := range map[string]struct {
		r    Request
		want error
	}{
		"negative sum":             {CashIn{Sum: -1}, ErrValue},
		"sum of six bytes":         {CashIn{Sum: 1 << 40}, ErrValue},
		"sum that means automatic": {OperationV2{Sum: 1<<40 - 1}, ErrValue},
		"too exact a quantity":     {Operation{Command: CodeSale, Quantity: 1}, ErrValue},
		"text not in the code page": {
			PrintString{Text: "日本"}, ErrText,
		},
		"name too long":      {OperationV2{Name: string(bytes.Repeat([]byte("a"), 129))}, ErrValue},
		"message too long":   {PrintString{Text: string(bytes.Repeat([]byte("a"), 250))}, ErrValue},
		"tags too long":      {SendTLV{TLV: make([]byte, 250)}, ErrValue},
		"nothing":            {nil, ErrUnknownRequest},
		"empty raw message":  {Unknown{}, ErrValue},
		"operation of what":  {Operation{}, ErrUnknownRequest},
		"not of this family": {Operation{Command: CodeBeep}, ErrUnknownRequest},
	} {
		t.Run(name, func(t *testing.T) {
			if msg, err := EncodeRequest(tt.r); !errors.Is(err, tt.want) {
				t.Errorf("got % X, %v; want %v", msg, err, tt.want)
			}
		})
	}
}

func TestEncodeAnswer_refuses(t *testing.T) {
	for name, tt := range map[string]struct {
		a    Answer
		want error
	}{
		"nothing":           {nil, ErrUnknownAnswer},
		"to another":        {OperatorAnswer{For: CodeShortStatus}, ErrUnknownAnswer},
		"to nothing known":  {OperatorAnswer{For: 0x99}, ErrUnknownAnswer},
		"sign too short":    {OFDTicketAnswer{FPO: []byte{1}}, ErrValue},
		"longer than a msg": {DataAnswer{For: CodeOFDReadBlock, Data: make([]byte, 253)}, ErrValue},
	} {
		t.Run(name, func(t *testing.T) {
			if msg, err := EncodeAnswer(tt.a); !errors.Is(err, tt.want) {
				t.Errorf("got % X, %v; want %v", msg, err, tt.want)
			}
		})
	}
}

func TestEncodeError(t *testing.T) {
	for _, tt := range []struct {
		got, want []byte
	}{
		{EncodeError(CodeOperationV2, ErrWrongMode), []byte{0xFF, 0x46, 0x73}},
		{EncodeError(CodeOperationV2, ErrNotSupported, ShortForm()), []byte{0xFF, 0x37}},
		{EncodeError(CodeCloseShift, ErrInvalidOperation, WithExtended(0x01020304)), []byte{0x41, 0x5E, 4, 3, 2, 1}},
		{EncodeError(CodeServiceReboot, ErrNotSupported), []byte{0xFE, 0x37}},
	} {
		if !bytes.Equal(tt.got, tt.want) {
			t.Errorf("got % X, want % X", tt.got, tt.want)
		}
	}
}

// The lengths the protocol states for whole messages, code and error byte
// counted: both directions share one layout, so the layout is pinned from
// outside.
func TestLengths(t *testing.T) {
	check := func(v any, msg []byte, err error, want int) {
		t.Helper()
		if err != nil || len(msg) != want {
			t.Errorf("%T: %d bytes, %v; want %d", v, len(msg), err, want)
		}
	}
	for _, tt := range []struct {
		r    Request
		want int
	}{
		{Operation{Command: CodeSale}, 60},
		{CloseReceipt{}, 71},
		{CloseReceiptExt{}, 131},
		{Adjustment{Command: CodeDiscount}, 54},
		{PrintBold{}, 26},
		{PrintString{}, 46},
		{CloseReceiptV2{}, 118},
		{CorrectionV2{}, 69},
		{ReceiptDiscount{}, 145},
		{Reboot(), 6},
	} {
		msg, err := EncodeRequest(tt.r)
		check(tt.r, msg, err, tt.want)
	}
	for _, tt := range []struct {
		a    Answer
		want int
	}{
		{ShortStatusAnswer{}, 16},
		{ShortStatusAnswer{LastPrint: new(PrintResult)}, 17},
		{FullStatusAnswer{}, 48},
		{FNStatusAnswer{}, 33},
		{RegistrationAnswer{For: CodeRegistrationTotals}, 50},
		{RegistrationAnswer{For: CodeRegistrationTotals, Form: RegistrationLong}, 67},
		{OFDStatusAnswer{}, 16},
	} {
		msg, err := EncodeAnswer(tt.a)
		check(tt.a, msg, err, tt.want)
	}
}
