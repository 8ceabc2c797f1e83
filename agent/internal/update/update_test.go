package update

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/chekan-io/chekan/agent/internal/config"
	"github.com/chekan-io/chekan/installers/release/repository"
	uplinkv1 "github.com/chekan-io/chekan/proto/gen/uplink/v1"
)

// program is a binary of no meaning, big enough to come in pieces.
func program(version string) []byte {
	return bytes.Repeat([]byte("program "+version+"\n"), 2_000)
}

// inBubble has time pass only when everybody waits for it.
func inBubble(f func(t *testing.T)) func(t *testing.T) {
	return func(t *testing.T) { synctest.Test(t, f) }
}

// TestUpdate goes the whole way: offer, download, quiet, switch, trial, end.
func TestUpdate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newComputer(t)
		c.releases.add(t, "1.1.0", program("1.1.0"))
		c.cabinet.propose("r1", "1.1.0")
		old := c.start("1.0.0")
		if err := old.end(t); !errors.Is(err, ErrRelaunch) {
			t.Fatal(err)
		}
		if !c.shop.isHeld() {
			t.Error("the tills are not quiet while the program ends")
		}
		want := State{
			Format: stateFormat, Chosen: "1.1.0", Trial: &Trial{Rollout: "r1", From: "1.0.0", Seconds: 5, Tills: []string{"k"}, Cloud: true},
			Binaries: map[string]Binary{"1.1.0": {sumOf(program("1.1.0")), int64(len(program("1.1.0")))}},
			Reports:  []Report{{Rollout: "r1", Version: "1.1.0", From: "1.0.0", Stage: uplinkv1.UpdateStage_UPDATE_STAGE_TRIAL}},
		}
		got := c.state()
		got.Trial.SinceMs = 0
		if d := cmp.Diff(want, got); d != "" {
			t.Error(d)
		}
		if d := c.launcher().choose(); d.Run != "1.1.0" || c.state().Trial.Starts != 1 {
			t.Errorf("the launcher runs %q: %+v", d.Run, c.state())
		}
		text, err := os.ReadFile(binaryPath(c.data, "1.1.0"))
		if info, statErr := os.Stat(binaryPath(c.data, "1.1.0")); err != nil || statErr != nil || !bytes.Equal(text, program("1.1.0")) || info.Mode().Perm() != 0o700 {
			t.Errorf("the binary: %v %v %v", err, statErr, info)
		}
		next := c.start("1.1.0")
		c.cabinet.hear(t, uplinkv1.UpdateStage_UPDATE_STAGE_HEALTHY)
		eventually(t, "the state has no trial and no report", func() bool { s := c.state(); return s.Trial == nil && s.Reports == nil })
		next.stop()
		if err := next.end(t); err != nil {
			t.Error(err)
		}
		if s := c.state(); s.Chosen != "1.1.0" || s.Previous != "" {
			t.Errorf("%+v", s)
		}
		if got := c.cabinet.stages(); !slices.Contains(got, "TRIAL") || got[len(got)-1] != "HEALTHY" {
			t.Errorf("reported %v", got)
		}
		if list, _ := os.ReadDir(downloadDir(c.data)); len(list) > 0 {
			t.Errorf("%v stays of the download", list)
		}
	})
}

// Of three versions the last two stay, and the package.
func TestUpdate_keepsTwo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newComputer(t)
		before := "1.0.0"
		for _, v := range []string{"1.1.0", "1.2.0", "1.3.0"} {
			c.releases.add(t, v, program(v))
			c.cabinet.propose("r-"+v, v)
			if err := c.start(before).end(t); !errors.Is(err, ErrRelaunch) {
				t.Fatal(err)
			}
			if d := c.launcher().choose(); d.Run != v {
				t.Fatalf("runs %q", d.Run)
			}
			r := c.start(v)
			eventually(t, "it stays", func() bool { s := c.state(); return s.Trial == nil && s.Reports == nil })
			r.stop()
			must(t, r.end(t))
			before = v
		}
		if s := c.state(); s.Chosen != "1.3.0" || s.Previous != "1.2.0" {
			t.Errorf("%+v", s)
		}
		if got := c.folders(); !slices.Equal(got, []string{"1.2.0", "1.3.0"}) {
			t.Errorf("there are %v", got)
		}
	})
}

// install puts a state and the binaries it names on the disk.
func (c *computer) install(s State) {
	c.t.Helper()
	s.Binaries = map[string]Binary{}
	for _, v := range []string{s.Chosen, s.Previous} {
		if v != "" {
			s.Binaries[v] = Binary{sumOf(program(v)), int64(len(program(v)))}
			must(c.t, os.MkdirAll(filepath.Dir(binaryPath(c.data, v)), 0o700))
			must(c.t, os.WriteFile(binaryPath(c.data, v), program(v), 0o700))
		}
	}
	must(c.t, s.save(&disk{}, c.data))
}

// folders are the versions on the disk.
func (c *computer) folders() []string {
	list, err := os.ReadDir(versionsDir(c.data))
	must(c.t, err)
	var out []string
	for _, e := range list {
		if e.IsDir() {
			out = append(out, e.Name())
		}
	}
	return out
}

// sick brings a version that gives itself up.
func TestUpdate_givesItselfUp(t *testing.T) {
	for _, c := range []struct {
		name   string
		before func(*computer)
		after  func(*computer)
		want   string
	}{
		{"it cannot reach the till", nil, func(c *computer) { c.shop.set(func() { c.shop.online["k"] = false }) }, "не видит кассу k"},
		{"it cannot reach the cabinet", nil, func(c *computer) { c.cabinet.set(func() { c.cabinet.away = true }) }, "не достучалась до кабинета"},
	} {
		t.Run(c.name, inBubble(func(t *testing.T) {
			pc := newComputer(t)
			pc.releases.add(t, "1.1.0", program("1.1.0"))
			pc.cabinet.propose("r1", "1.1.0").TrialSeconds = 1
			if err := pc.start("1.0.0").end(t); !errors.Is(err, ErrRelaunch) {
				t.Fatal(err)
			}
			pc.launcher().choose()
			c.after(pc)
			if err := pc.start("1.1.0").end(t); !errors.Is(err, ErrRelaunch) {
				t.Fatal(err)
			}
			if d := pc.launcher().choose(); d.Run != "" {
				t.Fatalf("runs %q", d.Run)
			}
			pc.cabinet.set(func() { pc.cabinet.away = false })
			r := pc.start("1.0.0")
			if got := pc.cabinet.hear(t, uplinkv1.UpdateStage_UPDATE_STAGE_ROLLED_BACK); !strings.Contains(got.GetText(), c.want) || got.GetRolloutId() != "r1" {
				t.Errorf("reported %v", got)
			}
			// The same rollout offers it still: it is not tried again, and the cabinet is told which failed.
			eventually(t, "it is asked for again", func() bool {
				pc.cabinet.mu.Lock()
				defer pc.cabinet.mu.Unlock()
				n := len(pc.cabinet.asks)
				return n > 2 && pc.cabinet.asks[n-1].GetFailed() == "1.1.0"
			})
			if s := pc.state(); s.Chosen != "" || s.Trial != nil || s.Failed.Version != "1.1.0" {
				t.Errorf("%+v", s)
			}
			if p := r.Problems(); len(p) != 1 || p[0].GetCode() != CodeRolledBack || !strings.Contains(p[0].GetText(), c.want) {
				t.Errorf("problems: %v", p)
			}
			if v, text := r.Status(); v != "1.1.0" || !strings.Contains(text, c.want) {
				t.Errorf("status: %q %q", v, text)
			}
		}))
	}
}

// What was away before the switch does not count against the new version.
func TestUpdate_awayBefore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newComputer(t)
		c.releases.add(t, "1.1.0", program("1.1.0"))
		c.cabinet.propose("r1", "1.1.0").TrialSeconds = 1
		c.shop.online["away"] = false
		if err := c.start("1.0.0").end(t); !errors.Is(err, ErrRelaunch) {
			t.Fatal(err)
		}
		c.launcher().choose()
		c.start("1.1.0")
		c.cabinet.hear(t, uplinkv1.UpdateStage_UPDATE_STAGE_HEALTHY)
	})
}

// A report is repeated until the cabinet has it, also by the version that comes back.
func TestUpdate_reportsUntilHeard(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newComputer(t)
		c.install(on("1.1.0", "", MaxStarts))
		if d := c.launcher().choose(); d.Run != "" {
			t.Fatalf("runs %q", d.Run)
		}
		c.cabinet.deaf = 2
		c.start("1.0.0")
		if got := c.cabinet.hear(t, uplinkv1.UpdateStage_UPDATE_STAGE_ROLLED_BACK); !strings.Contains(got.GetText(), "не запустилась или упала") {
			t.Errorf("%v", got)
		}
		eventually(t, "it is forgotten", func() bool { return c.state().Reports == nil })
	})
}

// An orderly stop in the trial is no crash; the trial begins anew at the next start.
func TestUpdate_orderlyStop(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newComputer(t)
		s := on("1.1.0", "", 0)
		s.Trial.Seconds = 3600
		c.install(s)
		for range 2 * MaxStarts {
			if d := c.launcher().choose(); d.Run != "1.1.0" {
				t.Fatalf("runs %q: %+v", d.Run, c.state())
			}
			r := c.start("1.1.0")
			eventually(t, "it is on trial", func() bool { v, _ := r.Status(); return v == "1.1.0" })
			r.stop()
			must(t, r.end(t))
		}
		if got := c.state().Trial.Starts; got != 0 {
			t.Errorf("%d starts", got)
		}
	})
}

// It waits for the tills and for the hour, says for what, and goes on by itself.
func TestUpdate_waits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		now := time.Date(2026, 3, 4, 12, 0, 0, 0, time.Local)
		c := newComputer(t, repository.WithClock(func() time.Time { return now }))
		c.releases.add(t, "1.1.0", program("1.1.0"))
		clock := make(chan time.Time, 1)
		clock <- now
		c.edit = func(o *Options) {
			o.Settings.RushHours = []string{"11:00-14:30"}
			o.Now = func() time.Time { at := <-clock; clock <- at; return at }
		}
		c.shop.busy = "на кассе k выясняется чек"
		c.cabinet.propose("r1", "1.1.0")
		r := c.start("1.0.0")
		if got := c.cabinet.hear(t, uplinkv1.UpdateStage_UPDATE_STAGE_WAITING); got.GetText() != "ждём: часы пик до 14:30" {
			t.Errorf("waits: %q", got.GetText())
		}
		<-clock
		clock <- now.Add(3 * time.Hour)
		eventually(t, "it waits for the till", func() bool {
			_, text := r.Status()
			return text == "ждём: на кассе k выясняется чек"
		})
		if c.shop.isHeld() || c.state().Chosen != "" {
			t.Error("it did not wait")
		}
		c.shop.set(func() { c.shop.busy = "" })
		if err := r.end(t); !errors.Is(err, ErrRelaunch) {
			t.Fatal(err)
		}
	})
}

// An offer that is withdrawn, or replaced, ends what was under way.
func TestUpdate_offerChanges(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newComputer(t)
		for _, v := range []string{"1.1.0", "1.2.0"} {
			c.releases.add(t, v, program(v))
		}
		c.shop.busy = "идёт операция"
		c.cabinet.propose("r1", "1.1.0")
		r := c.start("1.0.0")
		c.cabinet.hear(t, uplinkv1.UpdateStage_UPDATE_STAGE_WAITING)
		c.cabinet.set(func() { c.cabinet.offer = nil })
		eventually(t, "nothing is under way", func() bool { v, _ := r.Status(); return v == "" })
		c.cabinet.propose("r2", "1.2.0")
		eventually(t, "the other one waits", func() bool { v, text := r.Status(); return v == "1.2.0" && strings.HasPrefix(text, "ждём") })
		c.shop.set(func() { c.shop.busy = "" })
		if err := r.end(t); !errors.Is(err, ErrRelaunch) {
			t.Fatal(err)
		}
		if got := c.state().Chosen; got != "1.2.0" {
			t.Errorf("chose %s", got)
		}
	})
}

// Whoever switched updates off is left alone, also when a version is on trial.
func TestUpdate_off(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newComputer(t)
		c.releases.add(t, "1.1.0", program("1.1.0"))
		c.cabinet.propose("r1", "1.1.0")
		c.edit = func(o *Options) { o.Settings.Channel = config.ChannelOff }
		r := c.start("1.0.0")
		if _, _, err := r.Check(t.Context()); err == nil || !strings.Contains(err.Error(), "выключены") {
			t.Errorf("check: %v", err)
		}
		r.stop()
		must(t, r.end(t))
		if len(c.cabinet.asks) > 0 {
			t.Error("the cabinet was asked")
		}
	})
}

// A person asks now and hears what is.
func TestUpdate_check(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newComputer(t)
		r := c.start("1.0.0")
		eventually(t, "it asks", func() bool { c.cabinet.mu.Lock(); defer c.cabinet.mu.Unlock(); return len(c.cabinet.asks) > 0 })
		if v, text, err := r.Check(t.Context()); v != "" || text != "" || err != nil {
			t.Errorf("%q %q %v", v, text, err)
		}
		c.cabinet.set(func() { c.cabinet.away = true })
		if _, _, err := r.Check(t.Context()); !errors.Is(err, ErrNoAnswer) {
			t.Errorf("%v", err)
		}
	})
}
