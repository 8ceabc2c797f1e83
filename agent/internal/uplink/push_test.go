package uplink

import (
	"errors"
	mathrand "math/rand/v2"
	"slices"
	"testing"

	fiscalv1 "github.com/chekan-io/chekan/proto/gen/fiscal/v1"
)

// Everything arrives in order and once, though the line breaks all the time and answers get lost.
func TestPush(t *testing.T) {
	cab := newCabinet(t)
	j := openJournal(t, t.TempDir())
	const n = 1500
	sell(t, j, 0, n/2)
	a, _ := enrolled(t, cab, j, &tills{})
	lines, answers := mathrand.New(mathrand.NewPCG(1, 2)), mathrand.New(mathrand.NewPCG(3, 4)) // each used under its own lock
	cab.cable.mu.Lock()
	cab.cable.breaks = func() int { return 4000 + lines.IntN(40_000) } // the TLS handshake alone takes some 3000
	cab.cable.mu.Unlock()
	cab.set(func() { cab.loseAnswer = func() bool { return answers.IntN(4) == 0 } })
	cab.cable.cut()
	sell(t, j, n/2, n)
	last := func() uint64 { return lastCursor(t, j) }
	cab.until("everything is in the cabinet", func() bool { return len(cab.ops) == n && cab.cursor == last() })
	cab.mu.Lock()
	if !slices.IsSorted(cab.seen) {
		t.Error("out of order")
	}
	for i := range n {
		if op := cab.ops[key(i)]; op.GetOutcome() != fiscalv1.Outcome_OUTCOME_DONE || op.GetDocument().GetFd() != uint32(i+1) {
			t.Fatalf("%s: %v", key(i), op)
		}
	}
	t.Logf("%d batches, %d entries repeated", cab.pushes, cab.repeats)
	cab.mu.Unlock()
	acked(t, j, a)
}

// A cabinet that is away for long changes nothing here and gets everything later.
func TestPush_cabinetAway(t *testing.T) {
	cab := newCabinet(t)
	j := openJournal(t, t.TempDir())
	a, _ := enrolled(t, cab, j, &tills{})
	cab.until("the line is up", func() bool { return cab.state != nil })
	cab.cable.set(true)
	sell(t, j, 0, 700)
	if n, oldest := j.Backlog(); n == 0 || oldest.IsZero() {
		t.Errorf("backlog %d since %v", n, oldest)
	}
	cab.cable.set(false)
	a.Wake() // as the broker would
	cab.until("everything is in the cabinet", func() bool { return len(cab.ops) == 700 })
	acked(t, j, a)
}

// A cabinet restored from an old copy gets again what it lost.
func TestPush_cabinetLostSome(t *testing.T) {
	cab := newCabinet(t)
	j := openJournal(t, t.TempDir())
	sell(t, j, 0, 20)
	a, _ := enrolled(t, cab, j, &tills{})
	cab.until("everything is in the cabinet", func() bool { return len(cab.ops) == 20 })
	acked(t, j, a)
	cab.cable.set(true)
	eventually(t, "the break is noticed", func() bool { return !a.Status().Online })
	cab.set(func() { cab.cursor, cab.seen, cab.ops = 0, nil, map[string]*fiscalv1.Operation{} })
	cab.cable.set(false)
	sell(t, j, 20, 21)
	cab.until("everything is in the cabinet again", func() bool { return len(cab.ops) == 21 })
}

// One entry that the cabinet cannot take holds up nobody and is not forgotten.
func TestPush_refused(t *testing.T) {
	cab := newCabinet(t)
	j := openJournal(t, t.TempDir())
	sell(t, j, 0, 40)
	bad := key(17)
	cab.set(func() {
		cab.refuses = func(key string) error {
			if key == bad {
				return errors.New("what is this?")
			}
			return nil
		}
	})
	a, _ := enrolled(t, cab, j, &tills{})
	cab.until("all but one are in the cabinet", func() bool { return len(cab.ops) == 39 })
	// Operations were accepted all at once: the refused one may be the last, and is then on its way still.
	eventually(t, "somebody hears of it", func() bool {
		return slices.ContainsFunc(a.Problems(), func(p *fiscalv1.Problem) bool { return p.GetCode() == CodeCloudRefused })
	})
	if n, _ := j.Backlog(); n == 0 {
		t.Error("the refused entry counts as stored")
	}
	// A cabinet that understands it gets it in the next conversation.
	cab.cable.set(true)
	eventually(t, "the break is noticed", func() bool { return !a.Status().Online })
	cab.set(func() { cab.refuses, cab.cursor = nil, 0 })
	cab.cable.set(false)
	sell(t, j, 40, 41)
	cab.until("all are in the cabinet", func() bool { return len(cab.ops) == 41 })
	acked(t, j, a)
}
