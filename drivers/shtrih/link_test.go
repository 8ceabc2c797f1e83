package shtrih

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/chekan-io/chekan/drivers/wire/wiretest"
	"github.com/chekan-io/chekan/protocol/fiscal"
	"github.com/chekan-io/chekan/protocol/shtrih"
)

func unhex(t *testing.T, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(strings.ReplaceAll(s, " ", ""))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// onTranscript runs body with a line that follows the transcript, and checks
// that the transcript was followed to its end.
func onTranscript(t *testing.T, transcript string, body func(ctx context.Context, t *testing.T, in *inbound)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		p, err := wiretest.NewPlayback(transcript)
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
		defer cancel()
		body(ctx, t, &inbound{conn: p})
		if err := p.Close(); err != nil {
			t.Error(err)
		}
	})
}

const status10 = "10 1E 00 00 00"

// The answer to 10h as a real МИНИ-01Ф gave it.
const status10Answer = "10 00 1E B2 02 02 00 00 9F F8 00 00 00 75 08 00"

func TestStandard(t *testing.T) {
	const ask, got = "> 02 05 10 1E 00 00 00 0B\n", "< 02 10 10 00 1E B2 02 02 00 00 9F F8 00 00 00 75 08 00 B6\n"
	const badLRC = "< 02 10 10 00 1E B2 02 02 00 00 9F F8 00 00 00 75 08 00 B7\n"
	for _, tt := range []struct {
		name, transcript string
		err              error // nil: the answer arrives
		sent             bool
	}{
		{"plain", "> 05\n< 15\n" + ask + "< 06\n" + got + "> 06\n", nil, false},
		{"FF after an earlier ACK means nothing", "> 05\n< FF 15\n" + ask + "< FF 06\n" + got + "> 06\n", nil, false},
		{"answer garbled once", "> 05\n< 15\n" + ask + "< 06\n" + badLRC + "> 15\n> 05\n< 06\n" + got + "> 06\n", nil, false},
		{"answer lost, the till still has it", "> 05\n< 15\n" + ask + "< 06\n> 05\n< 06\n" + got + "> 06\n", nil, false},
		{"answer late, after the question for it", "> 05\n< 15\n" + ask + "< 06\n> 05\n" + got + "> 06\n", nil, false},
		{"garbled for ever", "> 05\n< 15\n" + ask + "< 06\n" + badLRC + "> 15\n" + strings.Repeat("> 05\n< 06\n"+badLRC+"> 15\n", 2), errGarbled, true},
		{"ACK lost", "> 05\n< 15\n" + ask + got + "> 06\n", nil, false},
		{"ACK and answer lost", "> 05\n< 15\n" + ask + "> 05\n< 06\n" + got + "> 06\n", nil, false},
		{"answer gone: the command is not sent again", "> 05\n< 15\n" + ask + "< 06\n> 05\n< 15\n", errNoAnswer, true},
		{"command refused as garbled: not sent again", "> 05\n< 15\n" + ask + "< 15\n", errRefused, true},
		{"silence", "> 05\n> 05\n> 05\n> 05\n", errNoAnswer, false},
		{"noise, then a till", "> 05\n< 00 41\n> 05\n< 15\n" + ask + "< 06\n" + got + "> 06\n", nil, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			onTranscript(t, tt.transcript, func(ctx context.Context, t *testing.T, in *inbound) {
				l := &standard{in: in}
				answer, err := l.exchange(ctx, unhex(t, status10), time.Second, true)
				if !errors.Is(err, tt.err) || (err == nil) != (tt.err == nil) {
					t.Fatalf("got %v, want %v", err, tt.err)
				}
				if err != nil {
					if fault, ok := asLinkError(err); !ok || fault.sent != tt.sent {
						t.Errorf("sent: %+v, want %v", fault, tt.sent)
					}
					return
				}
				if want := unhex(t, status10Answer); !bytes.Equal(answer, want) {
					t.Errorf("answer % X, want % X", answer, want)
				}
			})
		})
	}
}

// A late reply to an earlier ENQ must not be taken for the refusal of the
// command, nor the other way round.
func TestStandard_lateENQReplies(t *testing.T) {
	onTranscript(t, "> 05\n> 05\n< 15 15\n> 02 05 10 1E 00 00 00 0B\n< 06\n< 02 10 10 00 1E B2 02 02 00 00 9F F8 00 00 00 75 08 00 B6\n> 06\n",
		func(ctx context.Context, t *testing.T, in *inbound) {
			l := &standard{in: in}
			if _, err := l.exchange(ctx, unhex(t, status10), time.Second, true); err != nil {
				t.Fatal(err)
			}
		})
}

func TestStandard_ENQOnlyWhenNeeded(t *testing.T) {
	const one = "> 02 05 10 1E 00 00 00 0B\n< 06\n< 02 10 10 00 1E B2 02 02 00 00 9F F8 00 00 00 75 08 00 B6\n> 06\n"
	onTranscript(t, "> 05\n< 15\n"+one+one+"> 05\n< 15\n"+one+"> 05\n< 15\n"+one,
		func(ctx context.Context, t *testing.T, in *inbound) {
			l := &standard{in: in}
			for i, step := range []struct {
				once bool
				wait time.Duration
			}{{}, {}, {once: true}, {wait: fresh + time.Second}} {
				if err := pause(ctx, step.wait); err != nil {
					t.Fatal(err)
				}
				if _, err := l.exchange(ctx, unhex(t, status10), time.Second, step.once); err != nil {
					t.Fatalf("exchange %d: %v", i, err)
				}
			}
		})
}

// The answer of FF45h that nobody took before the program died.
const heldFF45 = "FF 45 00 54 0B 00 00 00 0C 00 00 00 0C 00 CD AB"

func TestStandard_pendingAnswer(t *testing.T) {
	onTranscript(t, "> 05\n< 06\n< 02 10 "+heldFF45+" 93\n> 06\n> 05\n< FF 15\n",
		func(ctx context.Context, t *testing.T, in *inbound) {
			held, err := (&standard{in: in}).greet(ctx)
			if err != nil || !bytes.Equal(held, unhex(t, heldFF45)) {
				t.Fatalf("held % X, %v", held, err)
			}
			till := New(nil, Options{})
			till.keep(held)
			till.keep(held) // offered twice, kept once
			d, ok := till.TakePending()
			want := fiscal.Document{Type: fiscal.DocReceipt, FD: 12, FP: 0xABCD000C}
			if diff := cmp.Diff(want, d); !ok || diff != "" {
				t.Error(diff)
			}
			if d, ok := till.TakePending(); ok {
				t.Errorf("again: %+v", d)
			}
		})
}

func TestEvidence_onlyOfDocuments(t *testing.T) {
	for _, s := range []string{"", "FF", "FF 45 16", "10 00", "FF 45 00 54", "E0 00 01", status10Answer} {
		if d, ok := evidence(unhex(t, s)); ok {
			t.Errorf("% s is evidence of %+v", s, d)
		}
	}
}

func TestNumbered(t *testing.T) {
	// 8Dh under number 15h, refused with 30h.
	previous := "< " + packet(0x14, 0xFC, 0)
	sync14 := "> 8F 00 00 0F 1D\n" + previous
	const ask, got = "> 8F 08 00 15 00 8D 01 00 00 00 00 4A EE\n", "< 8F 04 00 15 00 8D 30 C4 F4\n"
	const badCRC = "< 8F 04 00 15 00 8D 30 C4 F5\n"
	for _, tt := range []struct {
		name, transcript string
		err              error
	}{
		{"plain", sync14 + ask + got, nil},
		{"answer lost: the same packet again", sync14 + ask + ask + got, nil},
		{"answer damaged: the same packet again", sync14 + ask + badCRC + ask + got, nil},
		{"the previous answer once more", sync14 + ask + previous + got, nil},
		{"the till counts otherwise", sync14 + ask + "< 8F 05 00 17 00 FF 46 00 EE 83\n", errStale},
		{"the till restarted", sync14 + ask + "< 8F 02 00 01 00 99 5A\n", errStale},
	} {
		t.Run(tt.name, func(t *testing.T) {
			onTranscript(t, tt.transcript, func(ctx context.Context, t *testing.T, in *inbound) {
				l := &numbered{in: in}
				answer, err := l.exchange(ctx, unhex(t, "8D 01 00 00 00 00"), 3*time.Second, true)
				if !errors.Is(err, tt.err) || (err == nil) != (tt.err == nil) {
					t.Fatalf("got %v, want %v", err, tt.err)
				}
				if err == nil && !bytes.Equal(answer, []byte{0x8D, 0x30}) {
					t.Errorf("answer % X", answer)
				}
				if fault, ok := asLinkError(err); ok && !fault.sent {
					t.Error("the packet was sent")
				}
			})
		})
	}
}

// packet is a packet as transcripts write it.
func packet(number uint16, data ...byte) string {
	return hex.EncodeToString(shtrih.EncodePacket(number, data)) + "\n"
}

// After power-on nothing was executed: a harmless command finds the number that
// the till expects and spends it, so that no committing command is number 1.
func TestNumbered_afterPowerOn(t *testing.T) {
	name := []byte{0xFC, 0, 0, 0, 1, 14, 50, 0, 'X'}
	for _, tt := range []struct{ name, transcript string }{
		{"it says the next number", "> " + packet(2, 0xFC) + "< " + packet(1) + "> " + packet(1, 0xFC) + "< " + packet(1, name...)},
		{"it says the last number", "> " + packet(2, 0xFC) + "< " + packet(2, name...)},
	} {
		t.Run(tt.name, func(t *testing.T) {
			onTranscript(t, "> 8F 00 00 0F 1D\n< "+packet(1)+tt.transcript, func(ctx context.Context, t *testing.T, in *inbound) {
				l := &numbered{in: in}
				if _, err := l.greet(ctx); err != nil {
					t.Fatal(err)
				}
				if !l.sure {
					t.Error("the number is not known")
				}
			})
		})
	}
}

func TestNumbered_neverCommitsAsNumberOne(t *testing.T) {
	onTranscript(t, "> 8F 00 00 0F 1D\n< "+packet(0, 0x10, 0x73)+
		"> "+packet(1, 0xFC)+"< "+packet(1, 0xFC, 0)+
		"> "+packet(2, 0x41)+"< "+packet(2, 0x41, 0),
		func(ctx context.Context, t *testing.T, in *inbound) {
			l := &numbered{in: in}
			if _, err := l.exchange(ctx, []byte{0x41}, time.Second, true); err != nil {
				t.Fatal(err)
			}
		})
}
