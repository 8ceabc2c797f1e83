package journal

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// writerArg makes the test binary write sales into a journal until it is killed. It prints "intent KEY" and "outcome
// KEY" when the journal has said that they are durable.
const writerArg = "journal-write"

// childHabit makes a child of [VerifyInChild] misbehave as a damaged page can make it.
const childHabit = "JOURNAL_TEST_CHILD"

// childHangs names the file that a child makes when it hangs.
const childHangs = "JOURNAL_TEST_HANGS"

func runWriter(args []string) (code int, ok bool) {
	if len(args) != 4 || args[1] != writerArg {
		return 0, false
	}
	j, err := Open(context.Background(), args[2], Options{Reserve: -1})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1, true
	}
	var out sync.Mutex
	say := func(what, key string) {
		out.Lock()
		defer out.Unlock()
		fmt.Fprintln(os.Stdout, what, key)
	}
	var wg sync.WaitGroup
	for till := range 4 {
		wg.Go(func() {
			for i := 1; ; i++ {
				rec := intended(accepted(fmt.Sprintf("%s-%d-%d", args[3], till, i)))
				if err := j.Intend(context.Background(), rec); err != nil {
					fmt.Fprintln(os.Stderr, err)
					return
				}
				say("intent", rec.Operation.Key)
				if err := j.Conclude(context.Background(), done(rec, uint32(i))); err != nil {
					fmt.Fprintln(os.Stderr, err)
					return
				}
				say("outcome", rec.Operation.Key)
			}
		})
	}
	wg.Wait()
	return 1, true
}

// misbehave hangs or dies instead of verifying.
func misbehave() {
	switch os.Getenv(childHabit) {
	case "hang":
		fmt.Fprintln(os.Stdout, verifyHello)
		if file := os.Getenv(childHangs); file != "" {
			_ = os.WriteFile(file, nil, 0o600)
		}
		<-time.After(time.Hour)
	case "die":
		fmt.Fprintln(os.Stdout, verifyHello)
		panic("unexpected fault address")
	}
}

// TestJournal_killed kills a writing process again and again: what it had said is there.
func TestJournal_killed(t *testing.T) {
	dir := t.TempDir()
	said := map[string]string{} // key -> last word
	for round := range 12 {
		cmd := exec.CommandContext(t.Context(), self(t), writerArg, dir, strconv.Itoa(round))
		cmd.Stderr = os.Stderr
		out, err := cmd.StdoutPipe()
		must(t, err)
		must(t, cmd.Start())
		lines := bufio.NewScanner(out)
		limit := 5 + 37*round // an arbitrary place, another one each time
		killer := time.AfterFunc(patience, func() { _ = cmd.Process.Kill() })
		n := 0
		for lines.Scan() {
			what, key, _ := strings.Cut(lines.Text(), " ")
			said[key] = what
			if n++; n == limit {
				must(t, cmd.Process.Kill())
			}
		}
		_, _ = io.Copy(io.Discard, out)
		killer.Stop()
		if err := cmd.Wait(); err == nil || n < limit {
			t.Fatalf("round %d: the writer ended by itself after %d lines: %v", round, n, err)
		}
		j := open(t, dir, Options{Verify: VerifyInChild(self(t))})
		if p := j.Problems(); len(p) > 0 {
			t.Fatalf("round %d: %v", round, p)
		}
		for key, what := range said {
			rec, err := j.Get(key)
			if err != nil {
				t.Fatalf("round %d: %s was durable: %v", round, key, err)
			}
			if what == "outcome" && rec.Operation.Document.GetFd() == 0 {
				t.Fatalf("round %d: the outcome of %s was durable", round, key)
			}
		}
		closeChecked(t, j)
	}
	t.Logf("%d operations", len(said))
}
