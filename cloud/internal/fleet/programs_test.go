package fleet

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/chekan-io/chekan/cloud/internal/access"
	"github.com/chekan-io/chekan/cloud/internal/store/db"
	cabinetv1 "github.com/chekan-io/chekan/proto/gen/cabinet/v1"
	fiscalv1 "github.com/chekan-io/chekan/proto/gen/fiscal/v1"
	uplinkv1 "github.com/chekan-io/chekan/proto/gen/uplink/v1"
)

// disk is what an agent has durably, and what runs from it.
type disk struct {
	name, token string
}

// stage is a shop in which programs say hello to one cabinet.
type stage struct {
	t        *testing.T
	now      time.Time
	programs []program
	issued   int
	refused  map[string]int
}

// hello lets a program say hello after a while; what becomes of the answer is for save to say: the disk has the token, or has not.
func (s *stage) hello(d *disk, after time.Duration, save bool) {
	s.t.Helper()
	s.now = s.now.Add(after)
	s.issued++
	fresh := fmt.Sprint("token-", s.issued)
	list, id := greet(s.programs, greeting{Token: d.token, Instance: d.name, Host: d.name, Address: "192.0.2.1"}, fresh, s.now)
	if !admitted(list, id, s.now) {
		s.refused[d.name]++
		for i := range list {
			if list[i].ID == id {
				list[i].Token = d.token
			}
		}
		save = false
	}
	s.programs = list
	if save {
		d.token = fresh
	}
}

func (s *stage) twins() []string {
	var names []string
	for _, t := range twinsOf(s.programs, s.now) {
		names = append(names, t.Host)
	}
	slices.Sort(names)
	return slices.Compact(names)
}

const often = 10 * time.Minute

// TestGreet: what looks like two programs and is one, and what is two.
func TestGreet(t *testing.T) {
	for _, c := range []struct {
		name  string
		play  func(s *stage)
		twins int
	}{
		{"one program for a day", func(s *stage) {
			a := &disk{name: "a"}
			for range 144 {
				s.hello(a, often, true)
			}
		}, 0},
		{"restarts", func(s *stage) {
			a := &disk{}
			for i := range 50 {
				a.name = fmt.Sprint("a", i)
				s.hello(a, time.Second, true)
				s.hello(a, often, true)
			}
		}, 0},
		{"crashes between the answer and the saving, each time", func(s *stage) {
			a := &disk{}
			for i := range 50 {
				a.name = fmt.Sprint("a", i)
				s.hello(a, often, i%2 == 0)
			}
		}, 0},
		{"a disk that takes no token at all", func(s *stage) {
			for i := range 50 {
				s.hello(&disk{name: fmt.Sprint("a", i)}, often, false)
			}
		}, 0},
		{"answers lost on the way, again and again", func(s *stage) {
			a := &disk{name: "a"}
			for i := range 60 {
				s.hello(a, 20*time.Second, i%3 == 0)
			}
		}, 0},
		{"a hello that was thought lost comes in late", func(s *stage) {
			a := &disk{name: "a"}
			s.hello(a, often, true)
			for range 3 {
				late := *a
				s.hello(a, often, true)           // the second try is answered
				s.hello(&late, time.Second, true) // the first one is worked off behind it, and its answer goes nowhere
				s.hello(a, often, true)
				s.hello(a, often, true)
			}
		}, 0},
		{"a late hello, then a crash, then a late hello", func(s *stage) {
			a := &disk{name: "a"}
			for range 5 {
				late := *a
				s.hello(a, often, true)
				s.hello(&late, time.Second, true)
				s.hello(a, often, true)
				s.hello(a, often, false) // the crash
				s.hello(a, time.Minute, true)
			}
		}, 0},
		{"a snapshot brought back", func(s *stage) {
			a := &disk{name: "a"}
			s.hello(a, often, true)
			snapshot := *a
			for range 20 {
				s.hello(a, often, true)
			}
			*a = snapshot // the memory too: the very start that was left long ago
			for range 20 {
				s.hello(a, often, true)
			}
		}, 0},
		{"one snapshot brought back every morning", func(s *stage) {
			a := &disk{name: "a"}
			s.hello(a, often, true)
			snapshot := *a
			for range 30 {
				*a = snapshot
				for range 20 {
					s.hello(a, often, true)
				}
			}
		}, 0},
		{"the newer snapshot after the older one", func(s *stage) {
			a := &disk{name: "a"}
			s.hello(a, often, true)
			older := *a
			s.hello(a, often, true)
			s.hello(a, often, true)
			newer := *a
			*a = older
			s.hello(a, often, true)
			s.hello(a, often, true)
			*a = newer
			s.hello(a, often, true)
			s.hello(a, often, true)
		}, 0},
		{"the disk moved to another computer", func(s *stage) {
			a := &disk{name: "a"}
			s.hello(a, often, true)
			b := &disk{name: "b", token: a.token}
			for range 20 {
				s.hello(b, often, true)
			}
		}, 0},
		{"the old computer was on once more", func(s *stage) {
			a := &disk{name: "a"}
			s.hello(a, often, true)
			b := &disk{name: "b", token: a.token}
			s.hello(b, often, true)
			s.hello(a, often, true)
			s.hello(a, often, true)
		}, 0},
		{"a cabinet restored from a copy", func(s *stage) {
			a := &disk{name: "a"}
			s.hello(a, often, true)
			backup := slices.Clone(s.programs)
			for range 20 {
				s.hello(a, often, true)
			}
			s.programs = backup
			for range 20 {
				s.hello(a, often, true)
			}
		}, 0},

		{"a copied disk, both at work", func(s *stage) {
			a := &disk{name: "a"}
			s.hello(a, often, true)
			b := &disk{name: "b", token: a.token}
			for range 2 {
				s.hello(a, often/2, true)
				s.hello(b, often/2, true)
			}
		}, 2},
		{"a copied machine, memory and all: one start twice", func(s *stage) {
			a := &disk{name: "a"}
			s.hello(a, often, true)
			b := &disk{name: "a", token: a.token}
			for range 2 {
				s.hello(a, often/2, true)
				s.hello(b, often/2, true)
			}
		}, 1},
		{"one by day, the other by night, each started anew", func(s *stage) {
			a, b := &disk{name: "a"}, &disk{name: "b"}
			s.hello(a, often, true)
			b.token = a.token
			for range 3 {
				s.hello(a, 12*time.Hour, true)
				s.hello(b, 12*time.Hour, true)
			}
		}, 2},
		{"three of them", func(s *stage) {
			a := &disk{name: "a"}
			s.hello(a, often, true)
			b, c := &disk{name: "b", token: a.token}, &disk{name: "c", token: a.token}
			for range 8 {
				s.hello(a, often/3, true)
				s.hello(b, often/3, true)
				s.hello(c, often/3, true)
			}
		}, 3},
		{"the copy gone for three weeks", func(s *stage) {
			a := &disk{name: "a"}
			s.hello(a, often, true)
			b := &disk{name: "b", token: a.token}
			for range 3 {
				s.hello(a, often/2, true)
				s.hello(b, often/2, true)
			}
			for range 21 {
				s.hello(a, 24*time.Hour, true)
			}
		}, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := &stage{t: t, now: time.UnixMicro(1_770_000_000_000_000), refused: map[string]int{}}
			c.play(s)
			if got := s.twins(); len(got) != c.twins {
				t.Errorf("programs told of: %v, want %d", got, c.twins)
			}
			if c.twins == 0 && len(s.refused) > 0 && c.name != "the copy gone for three weeks" {
				t.Errorf("refused: %v", s.refused)
			}
			if len(s.programs) > maxPrograms {
				t.Errorf("%d programs are kept", len(s.programs))
			}
		})
	}
}

// TestAdmitted: of two the first speaks; when it falls silent the other does.
func TestAdmitted(t *testing.T) {
	s := &stage{t: t, now: time.UnixMicro(1_770_000_000_000_000), refused: map[string]int{}}
	a := &disk{name: "a"}
	s.hello(a, often, true)
	b := &disk{name: "b", token: a.token}
	for range 10 {
		s.hello(a, often/2, true)
		s.hello(b, often/2, true)
	}
	if s.refused["a"] != 0 || s.refused["b"] < 8 {
		t.Errorf("refused: %v", s.refused)
	}
	before := s.refused["b"]
	s.hello(b, heirAfter, true)
	if s.refused["b"] != before {
		t.Error("the first is silent, and the other may not speak")
	}
	s.hello(a, often, true)
	s.hello(b, often, true)
	if s.refused["b"] != before+1 || s.refused["a"] != 0 {
		t.Errorf("the first is back: refused %v", s.refused)
	}
}

// TestHello_twins: both are shown on the agent and on its tills, one is refused, and enrolling one anew ends it.
func TestHello_twins(t *testing.T) {
	both(t, func(t *testing.T, w *world) {
		agent := w.agents[0]
		type speaker struct{ instance, host, address, token string }
		hello := func(as *access.Agent, who *speaker) error {
			w.clock.Pass(time.Minute)
			token, err := w.Hello(t.Context(), as, &uplinkv1.HelloRequest{
				Capability: 5, Host: who.host, Instance: who.instance, Token: who.token, Platform: "linux/amd64",
				Tills: []*fiscalv1.TillState{{Till: "kassa", Driver: "shtrih", Serial: "0001", ReadMs: w.clock.Now().UnixMilli()}},
			}, who.address)
			if err == nil {
				who.token = token
			}
			return err
		}
		a := &speaker{instance: "i-a", host: "KASSA", address: "192.0.2.1"}
		if err := hello(agent, a); err != nil {
			t.Fatal(err)
		}
		b := &speaker{instance: "i-b", host: "KASSA", address: "192.0.2.9", token: a.token}
		for _, who := range []*speaker{a, b, a} {
			if err := hello(agent, who); err != nil {
				t.Fatal(err)
			}
		}
		if err := hello(agent, b); !errors.Is(err, ErrTwin) {
			t.Fatalf("the copy: %v", err)
		}
		if err := hello(agent, a); err != nil {
			t.Fatalf("the first: %v", err)
		}
		agents, err := w.Agents(t.Context(), access.Whole(agent.OrganisationID))
		if err != nil || len(agents) != 2 || len(agents[1].Twins) != 0 || len(agents[0].Twins) != 2 || agents[0].Platform != "linux/amd64" {
			t.Fatalf("%+v %v", agents, err)
		}
		if twins := agents[0].Twins; twins[0].Address != "192.0.2.1" || twins[1].Address != "192.0.2.9" || twins[1].Host != "KASSA" {
			t.Errorf("%+v", twins)
		}
		conflict := func() (bool, cabinetv1.Light) {
			tills, err := w.Tills(t.Context(), access.Whole(agent.OrganisationID))
			if err != nil || len(tills) != 1 {
				t.Fatalf("%v %v", tills, err)
			}
			one, err := w.Till(t.Context(), agent.OrganisationID, tills[0].ID)
			if err != nil {
				t.Fatal(err)
			}
			is := func(p *fiscalv1.Problem) bool { return p.GetCode() == CodeTwins }
			if slices.ContainsFunc(one.State.GetProblems(), is) != slices.ContainsFunc(tills[0].State.GetProblems(), is) {
				t.Error("the list and the till disagree")
			}
			return slices.ContainsFunc(one.State.GetProblems(), is), one.Light
		}
		if is, light := conflict(); !is || light != cabinetv1.Light_LIGHT_YELLOW {
			t.Errorf("the till: conflict %v, %v", is, light)
		}
		if err := hello(w.agents[1], b); err != nil {
			t.Fatalf("the copy under a name of its own: %v", err)
		}
		if err := hello(agent, a); err != nil {
			t.Fatal(err)
		}
		if is, _ := conflict(); is {
			t.Error("enrolled anew, and still told of")
		}
	})
}

// TestHello_oldAgent: an agent that tells no start is taken at its certificate's word.
func TestHello_oldAgent(t *testing.T) {
	both(t, func(t *testing.T, w *world) {
		agent := w.agents[0]
		for range 3 {
			if token, err := w.Hello(t.Context(), agent, &uplinkv1.HelloRequest{Capability: 4, Host: "pc"}, ""); err != nil || token != "" {
				t.Fatal(token, err)
			}
		}
		long := string(make([]byte, maxWord+1))
		for _, hello := range []*uplinkv1.HelloRequest{{Instance: long}, {Instance: "i", Token: long}, {Instance: "i\x00"}} {
			if _, err := w.Hello(context.WithoutCancel(t.Context()), agent, hello, ""); !errors.Is(err, ErrInvalid) {
				t.Errorf("%v", err)
			}
		}
	})
}

// TestStart_revoked: nobody could carry out a command of a revoked agent's till.
func TestStart_revoked(t *testing.T) {
	both(t, func(t *testing.T, w *world) {
		agent := w.agents[0]
		till := w.report(t, agent, "kassa", "0001")
		err := w.store.Tx(t.Context(), func(q *db.Queries) error {
			_, err := q.RevokeAgent(t.Context(), db.RevokeAgentParams{OrganisationID: agent.OrganisationID, ID: agent.ID, Now: 1, RevokedBy: "admin"})
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Start(t.Context(), w.person, "c1", till, fiscalv1.Action_ACTION_CHECK, false); !errors.Is(err, ErrNoAgent) {
			t.Errorf("%v", err)
		}
	})
}
