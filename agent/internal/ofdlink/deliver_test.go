package ofdlink

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/chekan-io/chekan/agent/internal/health"
	"github.com/chekan-io/chekan/agent/internal/till/tilltest"
	"github.com/chekan-io/chekan/drivers"
	"github.com/chekan-io/chekan/protocol/fiscal"
	"github.com/chekan-io/chekan/protocol/ofd"
	simofd "github.com/chekan-io/chekan/sim/ofd"
)

// story runs a test in a bubble with one till of each kind that has sold twice: four documents wait.
func story(t *testing.T, name string, f func(t *testing.T, w *world)) {
	t.Helper()
	for kind, maker := range makers {
		t.Run(name+"/"+kind, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, maker, false, "kassa")
				w.sell("kassa", 2)
				f(t, w)
			})
		})
	}
}

const soon = 30 * time.Second // less than any retry

func TestDeliver(t *testing.T) {
	story(t, "in order over one line", func(t *testing.T, w *world) {
		l, _ := w.start(w.options(map[string]string{"kassa": Auto}))
		w.until("delivered", soon, func() bool { return w.empty("kassa") })
		synctest.Wait()
		w.agree("kassa", first)
		if n := w.dialled(first); n != 1 {
			t.Errorf("%d connections for four documents", n)
		}
		s := l.States()[0]
		if s.Delivered != 4 || s.LastFD != 4 || s.Queue != 0 || s.Failure != nil || s.LastSuccess.IsZero() || s.NoRelay || s.Sent != 0 {
			t.Errorf("state %+v", s)
		}
		if s.Operator != "Платформа ОФД" || s.Address != first || s.INN != "9715260691" || s.FN != w.tills["kassa"].machine.FN().Number() {
			t.Errorf("state %+v", s)
		}
		// What is sold later goes later, over another line.
		w.sell("kassa", 1)
		w.until("delivered", soon, func() bool { return w.empty("kassa") })
		w.agree("kassa", first)
	})
	story(t, "over a new line when the operator closes each", func(t *testing.T, w *world) {
		s, err := simofd.New(simofd.Options{Closes: true})
		if err != nil {
			t.Fatal(err)
		}
		w.servers[first] = s
		l, _ := w.start(w.options(map[string]string{"kassa": Auto}))
		w.until("delivered", soon, func() bool { return w.empty("kassa") })
		w.agree("kassa", first)
		if st := l.States()[0]; st.Failure != nil || st.Delivered != 4 {
			t.Errorf("state %+v", st)
		}
	})
	story(t, "to a configured address", func(t *testing.T, w *world) {
		l, _ := w.start(w.options(map[string]string{"kassa": second}))
		w.until("delivered", soon, func() bool { return w.empty("kassa") })
		w.agree("kassa", second)
		if st := l.States()[0]; st.Operator != "Первый ОФД" {
			t.Errorf("operator %q", st.Operator)
		}
	})
	story(t, "where a redirect points", func(t *testing.T, w *world) {
		o := w.options(map[string]string{"kassa": Auto})
		more, err := ParseDirectory("[[redirect]]\nfrom = \"" + first + "\"\nto = \"" + second + "\"\n")
		if err != nil {
			t.Fatal(err)
		}
		o.Directory = o.Directory.with(more)
		w.start(o)
		w.until("delivered", soon, func() bool { return w.empty("kassa") })
		w.agree("kassa", second)
	})
	story(t, "knows the way before there is a document", func(t *testing.T, w *world) {
		if _, err := w.tills["kassa"].machine.FN().Deliver(4, time.Now().UTC()); err != nil {
			t.Fatal(err)
		}
		l, _ := w.start(w.options(map[string]string{"kassa": Auto}))
		<-time.After(time.Second)
		if s := l.States()[0]; s.Address != first || s.Failure != nil || w.dialled(first) != 0 {
			t.Errorf("state %+v, %d connections", s, w.dialled(first))
		}
	})
	story(t, "nothing when off", func(t *testing.T, w *world) {
		l, _ := w.start(w.options(nil))
		<-time.After(time.Hour)
		if n := w.tills["kassa"].machine.FN().Unconfirmed(); n != 4 || w.dialled(first) != 0 {
			t.Errorf("%d wait, %d connections", n, w.dialled(first))
		}
		if st, ok := l.State("kassa"); !ok || st.Setting != Off {
			t.Errorf("state %+v", st)
		}
	})
}

func TestFailures(t *testing.T) {
	for _, tt := range []struct {
		name    string
		conduct simofd.Conduct
		kind    Kind
		after   time.Duration // until the failure shows
		times   int           // how often the first document came in the end
	}{
		{"down", simofd.Conduct{Behaviour: simofd.Down}, KindRefused, time.Second, 1},
		{"silent", simofd.Conduct{Behaviour: simofd.Silent}, KindSilent, answerWait + time.Second, 1},
		{"hangs up after taking", simofd.Conduct{Behaviour: simofd.Drop}, KindDropped, time.Second, 2},
		{"garbles", simofd.Conduct{Behaviour: simofd.Garble}, KindNotTaken, time.Second, 2},
		{"slower than the wait", simofd.Conduct{Delay: answerWait + time.Minute}, KindSilent, answerWait + time.Second, 2},
	} {
		story(t, tt.name, func(t *testing.T, w *world) {
			w.servers[first].Behave(tt.conduct)
			l, _ := w.start(w.options(map[string]string{"kassa": Auto}))
			<-time.After(tt.after)
			s := l.States()[0]
			if s.Failure == nil || s.Failure.Kind != tt.kind || s.Failures != 1 || s.Queue != 4 || s.FirstFD != 1 || s.Delivered != 0 {
				t.Fatalf("state %+v, failure %v", s, s.Failure)
			}
			if wait := s.NextTry.Sub(s.FailedAt); wait < 45*time.Second || wait > 75*time.Second {
				t.Errorf("next attempt after %v, want 60 s with a quarter of jitter", wait)
			}
			if s.Failure.Text() == "" || s.Failure.Todo() == "" || strings.Contains(s.Failure.Text(), "%!") {
				t.Errorf("words %q, %q", s.Failure.Text(), s.Failure.Todo())
			}
			if n := len(s.Problems(time.Now())); n != 0 {
				t.Errorf("one failure is %d problems already", n)
			}
			if tt.kind == KindNotTaken && s.NotTaken != 1 {
				t.Errorf("%d answers not taken", s.NotTaken)
			}
			w.servers[first].Behave(simofd.Conduct{})
			w.until("delivered after all", 2*time.Minute, func() bool { return w.empty("kassa") })
			w.agree("kassa", first)
			synctest.Wait()
			if s := l.States()[0]; s.Failure != nil || s.Failures != 0 || !s.NextTry.IsZero() {
				t.Errorf("still failing: %+v", s)
			}
			if got := w.servers[first].Ledger("")[0].Times; got != tt.times {
				t.Errorf("the first document came %d times, want %d", got, tt.times)
			}
		})
	}
}

func TestWords(t *testing.T) {
	story(t, "of a refusing operator", func(t *testing.T, w *world) {
		w.servers[first].Behave(simofd.Conduct{Behaviour: simofd.Refuse, Count: 2})
		l, _ := w.start(w.options(map[string]string{"kassa": Auto}))
		w.until("delivered", soon, func() bool { return w.empty("kassa") })
		synctest.Wait()
		w.agree("kassa", first) // a refusal acknowledges all the same
		s := l.States()[0]
		if s.Refused != 2 || s.RefusedFD != 2 || s.Failure != nil {
			t.Errorf("state %+v", s)
		}
		if p := s.Problems(time.Now()); len(p) != 1 || p[0].Code != health.CodeOFDFormat || len(s.Problems(time.Now().Add(25*time.Hour))) != 0 {
			t.Errorf("problems %v", p)
		}
	})
	story(t, "for the till's owner", func(t *testing.T, w *world) {
		w.servers[first].Behave(simofd.Conduct{Behaviour: simofd.Message, Count: 4, Notice: ofd.NoticeEnding})
		l, _ := w.start(w.options(map[string]string{"kassa": Auto}))
		w.until("delivered", soon, func() bool { return w.empty("kassa") })
		synctest.Wait()
		s := l.States()[0]
		if p := s.Problems(time.Now()); s.Notice != ofd.NoticeEnding || len(p) != 1 || !strings.Contains(p[0].Words().Text, "прекращает работу") {
			t.Errorf("state %+v, problems %v", s, p)
		}
		w.sell("kassa", 1)
		w.until("delivered", soon, func() bool { return w.empty("kassa") })
		synctest.Wait()
		if s := l.States()[0]; s.Notice != 0 || len(s.Problems(time.Now())) != 0 {
			t.Errorf("it says nothing any more: %+v", s)
		}
	})
}

// TestFree: while the operator thinks, the till sells, and the document sold meanwhile goes next.
func TestFree(t *testing.T) {
	story(t, "for sales", func(t *testing.T, w *world) {
		w.servers[first].Behave(simofd.Conduct{Delay: 200 * time.Second, Count: 1})
		l, _ := w.start(w.options(map[string]string{"kassa": Auto}))
		<-time.After(time.Second)
		if s := l.States()[0]; s.Sent != 1 {
			t.Fatalf("nothing outstanding: %+v", s)
		}
		began := time.Now()
		w.sell("kassa", 1)
		if took := time.Since(began); took > 20*time.Second {
			t.Errorf("the sale took %v", took)
		}
		w.until("delivered", 5*time.Minute, func() bool { return w.empty("kassa") })
		w.agree("kassa", first)
	})
}

// TestApart: a dead operator of one till holds up no other.
func TestApart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, makers["fnprint"], false, "dead", "alive")
		w.sell("dead", 1)
		w.sell("alive", 1)
		w.servers[first].Behave(simofd.Conduct{Behaviour: simofd.Silent})
		l, _ := w.start(w.options(map[string]string{"dead": first, "alive": second}))
		w.until("delivered", soon, func() bool { return w.empty("alive") })
		w.agree("alive", second)
		if s, _ := l.State("dead"); s.Sent != 1 || s.Queue != 3 {
			t.Errorf("state %+v", s)
		}
	})
}

// TestThirtyDays: after 30 days without the operator the till refuses to work; delivery unblocks it.
func TestThirtyDays(t *testing.T) {
	story(t, "without the operator", func(t *testing.T, w *world) {
		w.servers[first].Behave(simofd.Conduct{Behaviour: simofd.Down})
		w.start(w.options(map[string]string{"kassa": Auto}))
		k := w.tills["kassa"]
		locked := func(f func(ctx context.Context) error) error {
			k.lock()
			defer k.unlock()
			ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
			defer cancel()
			return f(ctx)
		}
		shift := func(ctx context.Context) error {
			if _, err := k.driver.CloseShift(ctx, fiscal.Cashier{}); err != nil {
				return err
			}
			_, err := k.driver.OpenShift(ctx, fiscal.Cashier{})
			return err
		}
		<-time.After(31 * 24 * time.Hour)
		var blocked *drivers.Error
		if err := locked(shift); !errors.As(err, &blocked) || blocked.Code != drivers.CodeFNBlocked {
			t.Fatalf("after 31 days: %v, want a blocked fiscal memory", err)
		}
		w.servers[first].Behave(simofd.Conduct{})
		w.until("delivered", 20*time.Minute, func() bool { return w.empty("kassa") })
		w.agree("kassa", first)
		err := locked(func(ctx context.Context) error {
			_, err := k.driver.OpenShift(ctx, fiscal.Cashier{})
			return err
		})
		if err != nil {
			t.Errorf("still blocked: %v", err)
		}
	})
}

// TestOwnSettings: a Shtrih till knows an address; it is used when nobody knows the operator.
func TestOwnSettings(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, makers["shtrih"], false, "kassa")
		w.sell("kassa", 1)
		o := w.options(map[string]string{"kassa": Auto})
		o.Directory = Directory{}
		w.start(o)
		w.until("delivered", soon, func() bool { return w.empty("kassa") })
		w.agree("kassa", second)
	})
}

func TestTills(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		run := func(r drivers.Relay, d Directory) State {
			l := New(Options{Tills: one{r}, Settings: map[string]string{"kassa": Auto}, Directory: d})
			ctx, cancel := context.WithCancel(t.Context())
			go func() { _ = l.Run(ctx) }()
			<-time.After(time.Second)
			cancel()
			synctest.Wait()
			return l.States()[0]
		}
		if s := run(nil, Directory{}); !s.NoRelay || s.Failure != nil || s.Proto() != nil {
			t.Errorf("no relay: %+v", s)
		}
		waits := drivers.OFDQueue{Count: 3, FirstFD: 7}
		if s := run(scripted{queue: waits}, Directory{}); s.Failure == nil || s.Failure.Kind != KindNoOperator || !strings.Contains(s.Failure.Text(), "7709364346") {
			t.Errorf("operator unknown: %+v", s)
		}
		broken := &drivers.Error{Op: "read OFD queue", Code: drivers.CodeGone}
		if s := run(scripted{err: broken}, Directory{}); s.Failure == nil || s.Failure.Kind != KindTill || s.Proto().GetFailure().GetCode() != health.CodeOFDTill {
			t.Errorf("till is gone: %+v", s)
		}
	})
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, tilltest.Maker{}, false)
		o := w.options(map[string]string{"kassa": first})
		o.Tills = one{scripted{queue: drivers.OFDQueue{Count: 3, FirstFD: 7}}}
		l, _ := w.start(o)
		<-time.After(time.Second)
		if s := l.States()[0]; s.Failure == nil || s.Failure.Kind != KindOwnLink || s.Queue != 3 {
			t.Errorf("a till that delivers by itself: %+v", s)
		}
	})
}

func TestWake(t *testing.T) {
	story(t, "a person mended it", func(t *testing.T, w *world) {
		w.servers[first].Behave(simofd.Conduct{Behaviour: simofd.Down})
		l, _ := w.start(w.options(map[string]string{"kassa": Auto}))
		<-time.After(time.Second)
		w.servers[first].Behave(simofd.Conduct{})
		l.News("kassa")
		<-time.After(5 * time.Second)
		if w.empty("kassa") {
			t.Error("a new document hastened an attempt after a failure")
		}
		l.Wake("kassa")
		w.until("delivered", 2*time.Second, func() bool { return w.empty("kassa") })
		<-time.After(time.Second)
		w.sell("kassa", 1)
		l.News("kassa")
		w.until("the new document is delivered", 2*time.Second, func() bool { return w.empty("kassa") })
	})
}

func TestBackoff(t *testing.T) {
	for n, want := range map[int]time.Duration{1: time.Minute, 2: 2 * time.Minute, 4: 8 * time.Minute, 5: 10 * time.Minute, 1000: 10 * time.Minute} {
		least, most := time.Hour*100, time.Duration(0)
		for range 500 {
			d := backoff(time.Minute, 10*time.Minute, n)
			least, most = min(least, d), max(most, d)
		}
		if least < want*3/4 || most > want*5/4 || most-least < want/4 {
			t.Errorf("after %d failures from %v to %v, want about %v with jitter", n, least, most, want)
		}
	}
	for range 500 {
		if d := backoff(time.Minute, time.Hour, 100); d > retryLimit {
			t.Fatalf("%v is longer than the protocol allows", d)
		}
	}
}

// impatient is a fleet whose caller stops waiting while the till is still at the work.
type impatient struct {
	one
	work *sync.WaitGroup
}

func (i impatient) Relay(_ context.Context, _ string, do func(context.Context, drivers.Relay) error) error {
	i.work.Go(func() { _ = do(context.Background(), i.relay) })
	return context.Canceled
}

// What the till still writes when nobody waits for it any more is nobody's: the race detector looks on.
func TestBorrow_stoppedWaiting(t *testing.T) {
	var work sync.WaitGroup
	for range 100 {
		l := New(Options{Tills: impatient{one{scripted{queue: drivers.OFDQueue{Count: 3, FirstFD: 7}}}, &work}, Settings: map[string]string{"kassa": Auto}})
		if q, address, err := l.workers[0].look(t.Context()); err == nil || q.Count != 0 || address != "" {
			t.Errorf("%+v, %q, %v", q, address, err)
		}
	}
	work.Wait()
}
