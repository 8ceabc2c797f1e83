package uplink

import (
	"fmt"
	"testing"
)

// fds are the copies the cabinet has, in the order they came. Called under mu.
func (c *cabinet) fds() (out []uint32) {
	for _, d := range c.copies {
		out = append(out, d.GetDocument().GetFd())
	}
	return out
}

func upTo(n uint32, but uint32) (out []uint32) {
	for fd := uint32(1); fd <= n; fd++ {
		if fd != but {
			out = append(out, fd)
		}
	}
	return out
}

func TestCopies(t *testing.T) {
	cab := newCabinet(t)
	shop := &tills{last: 2*copyBatch + 7}
	enrolled(t, cab, openJournal(t, t.TempDir()), shop)
	cab.until("every document is copied", func() bool { return len(cab.copies) >= 2*copyBatch+7 })
	shop.mu.Lock()
	shop.last++
	shop.mu.Unlock()
	cab.until("a new one follows", func() bool { return len(cab.copies) >= 2*copyBatch+8 })
	cab.mu.Lock()
	defer cab.mu.Unlock()
	if got, want := fmt.Sprint(cab.fds()), fmt.Sprint(upTo(2*copyBatch+8, 0)); got != want {
		t.Errorf("copied %s", got)
	}
	if got := string(cab.copies[4].GetTlv()); got != "document 5" {
		t.Errorf("the fifth is %q", got)
	}
}

func TestCopies_refused(t *testing.T) {
	cab := newCabinet(t)
	cab.badCopy = 5
	enrolled(t, cab, openJournal(t, t.TempDir()), &tills{last: 12})
	cab.until("all but one are copied", func() bool { return len(cab.copies) >= 11 })
	cab.mu.Lock()
	defer cab.mu.Unlock()
	if got, want := fmt.Sprint(cab.fds()), fmt.Sprint(upTo(12, 5)); got != want {
		t.Errorf("copied %s", got)
	}
}

// A cabinet of an earlier version is not offered what it does not understand.
func TestCopies_oldCabinet(t *testing.T) {
	cab := newCabinet(t)
	cab.capability = copyCapability - 1
	j := openJournal(t, t.TempDir())
	sell(t, j, 0, 1)
	enrolled(t, cab, j, &tills{last: 3})
	cab.until("the outbox is there", func() bool { return len(cab.ops) == 1 })
	cab.mu.Lock()
	defer cab.mu.Unlock()
	if len(cab.copies) > 0 {
		t.Errorf("copies %v", cab.fds())
	}
}
