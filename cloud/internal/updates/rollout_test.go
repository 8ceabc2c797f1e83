package updates

import (
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chekan-io/chekan/cloud/internal/access"
	"github.com/chekan-io/chekan/cloud/internal/store"
	"github.com/chekan-io/chekan/cloud/internal/store/db"
	"github.com/chekan-io/chekan/cloud/internal/store/storetest"
	"github.com/chekan-io/chekan/installers/release/repository"
	cabinetv1 "github.com/chekan-io/chekan/proto/gen/cabinet/v1"
	uplinkv1 "github.com/chekan-io/chekan/proto/gen/uplink/v1"
)

// publisher makes a development repository with versions 1.4.0 and 1.5.0.
func publisher(t *testing.T, now func() time.Time) *repository.Dev {
	t.Helper()
	d, err := repository.OpenDev(t.TempDir(), repository.WithClock(now))
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range []string{"1.4.0", "1.5.0"} {
		add(t, d, v, repository.Release{Channel: ChannelStable})
	}
	return d
}

func add(t *testing.T, d *repository.Dev, version string, r repository.Release) {
	t.Helper()
	binary := filepath.Join(t.TempDir(), "agent")
	if err := os.WriteFile(binary, []byte("agent "+version), 0o600); err != nil {
		t.Fatal(err)
	}
	r.Version, r.Notes, r.Writes, r.Reads, r.Binaries = version, "Что нового в "+version, 1, [2]int{1, 1}, map[string]string{"linux-amd64": binary}
	if err := d.Repository.Add(d.Release, r); err != nil {
		t.Fatal(err)
	}
}

type world struct {
	*Updates
	clock  *storetest.Clock
	store  *store.Store
	dir    string
	agents []*simulated
	anna   *access.Person
	boris  *access.Person // of another organisation
	roused map[string]int
}

func (w *world) restart() {
	w.Updates = New(w.store, NewReleases(w.dir, w.clock.Now), slog.New(slog.DiscardHandler), w.clock.Now, func(string, string) {}, func(id string) { w.roused[id]++ })
}

// simulated is an agent as far as updates go.
type simulated struct {
	*access.Agent
	version, failed string
	offer           *uplinkv1.FetchUpdateResponse
}

func build(t *testing.T, s *store.Store, agents int) *world {
	t.Helper()
	w := &world{clock: storetest.NewClock(), store: s, dir: t.TempDir(), roused: map[string]int{}}
	d := publisher(t, w.clock.Now)
	if _, err := NewReleases(w.dir, w.clock.Now).Import(t.Context(), d.Dir, nil); err != nil {
		t.Fatal(err)
	}
	storetest.Shop(t, s, "o2", "shop o2")
	for i := range agents {
		a := &access.Agent{ID: fmt.Sprintf("agent-%03d", i), OrganisationID: "o1", OutletID: "shop o1"}
		storetest.Shop(t, s, a.OrganisationID, a.OutletID, a.ID)
		w.agents = append(w.agents, &simulated{Agent: a, version: "1.3.0"})
	}
	if err := s.Tx(t.Context(), func(q *db.Queries) error {
		for _, a := range w.agents {
			if err := q.SetAgentHello(t.Context(), db.SetAgentHelloParams{ID: a.ID, Host: a.ID, Version: a.version, Capability: understands, Plans: []byte{}}); err != nil {
				return err
			}
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	w.anna = &access.Person{ID: "p1", Login: "anna", OrganisationID: "o1", Rights: []access.Right{access.Administrator.In("o1", "")}}
	w.boris = &access.Person{ID: "p2", Login: "boris", OrganisationID: "o2", Rights: []access.Right{access.Administrator.In("o2", "")}}
	w.restart()
	return w
}

func (w *world) ask(t *testing.T, a *simulated) {
	t.Helper()
	answer, err := w.Fetch(t.Context(), a.Agent, &uplinkv1.FetchUpdateRequest{Version: a.version, Platform: "linux/amd64", Channel: ChannelStable, Failed: a.failed})
	if err != nil {
		t.Fatal(err)
	}
	if a.offer = answer; answer.GetVersion() == "" {
		a.offer = nil
	}
}

func (w *world) tell(t *testing.T, a *simulated, stage uplinkv1.UpdateStage, text string) {
	t.Helper()
	err := w.Report(t.Context(), a.Agent, &uplinkv1.ReportUpdateRequest{RolloutId: a.offer.GetRolloutId(), Version: a.offer.GetVersion(), Stage: stage, Text: text, From: "1.3.0"})
	if err != nil {
		t.Fatal(err)
	}
}

// live carries an offer out; good says whether the version is.
func (w *world) live(t *testing.T, a *simulated, good bool) {
	t.Helper()
	for _, stage := range []uplinkv1.UpdateStage{
		uplinkv1.UpdateStage_UPDATE_STAGE_OFFERED, uplinkv1.UpdateStage_UPDATE_STAGE_DOWNLOADING, uplinkv1.UpdateStage_UPDATE_STAGE_WAITING, uplinkv1.UpdateStage_UPDATE_STAGE_TRIAL,
	} {
		w.tell(t, a, stage, "")
	}
	if good {
		a.version = a.offer.GetVersion()
		w.tell(t, a, uplinkv1.UpdateStage_UPDATE_STAGE_HEALTHY, "")
	} else {
		a.failed = a.offer.GetVersion()
		w.tell(t, a, uplinkv1.UpdateStage_UPDATE_STAGE_ROLLED_BACK, "Новая версия не нашла кассу.")
	}
}

func (w *world) now(t *testing.T, id string) *cabinetv1.Rollout {
	t.Helper()
	r, err := w.Rollout(t.Context(), "o1", id)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func (w *world) start(t *testing.T, id, version string, plan *cabinetv1.RolloutPlan) {
	t.Helper()
	if _, err := w.Start(t.Context(), w.anna, id, version, plan); err != nil {
		t.Fatal(err)
	}
}

// 200 agents: a bad version stops at its threshold, a good one gets through at the rate, over a pause and a restart of the cabinet.
func TestRollout_200(t *testing.T) {
	storetest.Run(t, func(t *testing.T, s *store.Store) {
		w := build(t, s, 200)
		w.start(t, "bad", "1.4.0", &cabinetv1.RolloutPlan{Share: 100, AbortPercent: 20, AbortAfter: 10})
		for i, a := range w.agents {
			if w.ask(t, a); a.offer != nil {
				w.live(t, a, i%3 != 0) // every third one goes back
			}
		}
		bad := w.now(t, "bad")
		c := bad.GetCounts()
		if bad.GetState() != cabinetv1.RolloutState_ROLLOUT_STATE_ABORTED || c.GetHealthy() != 6 || c.GetRolledBack() != 4 || c.GetAhead() != 190 || c.GetAll() != 200 {
			t.Errorf("the bad version: %v %v", bad.GetState(), c)
		}
		if !strings.Contains(bad.GetText(), "из 10 закончивших не обновились 4 (40 %") {
			t.Errorf("why: %q", bad.GetText())
		}

		w.start(t, "good", "1.5.0", &cabinetv1.RolloutPlan{Share: 100, PerMinute: 30, AbortPercent: 20, AbortAfter: 10})
		minutes, most := 0, 0
		for ; w.now(t, "good").GetState() == cabinetv1.RolloutState_ROLLOUT_STATE_RUNNING && minutes < 20; minutes++ {
			if minutes == 2 {
				w.pauseHolds(t, "good")
			}
			if minutes == 4 {
				w.restart()
			}
			offers := 0
			for _, a := range w.agents {
				if a.version == "1.5.0" {
					continue
				}
				if w.ask(t, a); a.offer != nil {
					offers++
					w.live(t, a, true)
				}
			}
			most = max(most, offers)
			if err := w.Look(t.Context()); err != nil {
				t.Fatal(err)
			}
			w.clock.Pass(time.Minute)
		}
		good := w.now(t, "good")
		if good.GetState() != cabinetv1.RolloutState_ROLLOUT_STATE_DONE || good.GetCounts().GetHealthy() != 200 || most != 30 || minutes != 7 {
			t.Errorf("the good version: %v %v, %d at most a minute, %d minutes", good.GetState(), good.GetCounts(), most, minutes)
		}
		t.Logf("ROLLOUT agents=200 bad: stopped after %d ended (%d back), %d never offered; good: healthy=%d in %d minutes at %d a minute",
			c.GetHealthy()+c.GetRolledBack()+c.GetRefused(), c.GetRolledBack(), c.GetAhead(), good.GetCounts().GetHealthy(), minutes, most)
	})
}

// pauseHolds pauses, has everybody ask, and goes on.
func (w *world) pauseHolds(t *testing.T, id string) {
	t.Helper()
	if _, err := w.Change(t.Context(), w.anna, id, cabinetv1.RolloutChange_ROLLOUT_CHANGE_PAUSE, nil); err != nil {
		t.Fatal(err)
	}
	for _, a := range w.agents {
		if w.ask(t, a); a.offer != nil {
			t.Fatalf("%s is offered %s in a pause", a.ID, a.offer.GetVersion())
		}
	}
	if _, err := w.Change(t.Context(), w.anna, id, cabinetv1.RolloutChange_ROLLOUT_CHANGE_RESUME, nil); err != nil {
		t.Fatal(err)
	}
}

func TestRollout_rules(t *testing.T) {
	storetest.Run(t, func(t *testing.T, s *store.Store) {
		w := build(t, s, 10)
		ctx := t.Context()
		plan := &cabinetv1.RolloutPlan{Share: 10, WindowFrom: 60, WindowTo: 300, TrialSeconds: 900}
		w.start(t, "r", "1.4.0", plan)
		w.start(t, "r", "1.4.0", plan) // asking twice is asking once
		if _, err := w.Start(ctx, w.anna, "other", "1.5.0", plan); !errors.Is(err, ErrBusy) {
			t.Errorf("a second rollout of the channel: %v", err)
		}
		if _, err := w.Start(ctx, w.anna, "r", "1.5.0", plan); !errors.Is(err, ErrConflict) {
			t.Errorf("the id again: %v", err)
		}
		if _, err := w.Start(ctx, w.anna, "x", "9.9.9", plan); !errors.Is(err, ErrInvalid) {
			t.Errorf("a version nobody released: %v", err)
		}
		if _, err := w.Start(ctx, w.anna, "x", "1.5.0", &cabinetv1.RolloutPlan{Share: 10, OutletIds: []string{"shop o2"}}); !errors.Is(err, ErrInvalid) {
			t.Errorf("an outlet of somebody else: %v", err)
		}
		var got []*simulated
		for _, a := range w.agents {
			if w.ask(t, a); a.offer != nil {
				got = append(got, a)
			}
		}
		if len(got) != 1 || got[0].offer.GetWindowFrom() != 60 || got[0].offer.GetWindowTo() != 300 || got[0].offer.GetTrialSeconds() != 900 {
			t.Fatalf("a tenth of 10 agents were offered it: %d", len(got))
		}
		first := got[0]
		w.live(t, first, false)
		w.tell(t, first, uplinkv1.UpdateStage_UPDATE_STAGE_HEALTHY, "") // an end stays
		w.tell(t, first, uplinkv1.UpdateStage_UPDATE_STAGE_WAITING, "")
		if c := w.now(t, "r").GetCounts(); c.GetRolledBack() != 1 || c.GetHealthy() != 0 || c.GetWaiting() != 0 {
			t.Errorf("after late reports: %v", c)
		}
		if w.ask(t, first); first.offer != nil {
			t.Error("what failed is offered again by the same rollout")
		}
		_, agents, err := w.Agents(ctx, "o1", "r")
		if err != nil || len(agents) != 10 || agents[0].GetAgentId() != first.ID || agents[0].GetText() != "Новая версия не нашла кассу." {
			t.Errorf("agents: %v, %v", agents, err)
		}
		// Its share is through; a higher one goes on, and a pinned agent stays out of it.
		if err := w.Look(ctx); err != nil {
			t.Fatal(err)
		}
		if st := w.now(t, "r").GetState(); st != cabinetv1.RolloutState_ROLLOUT_STATE_DONE {
			t.Errorf("state %v", st)
		}
		pinned := w.agents[0]
		if pinned == first {
			pinned = w.agents[1]
		}
		if err := w.Pin(ctx, w.anna, pinned.ID, "1.3.0"); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Change(ctx, w.anna, "r", cabinetv1.RolloutChange_ROLLOUT_CHANGE_UNSPECIFIED, &cabinetv1.RolloutPlan{Share: 100}); err != nil {
			t.Fatal(err)
		}
		if err := w.Look(ctx); err != nil {
			t.Fatal(err)
		}
		offered := 0
		for _, a := range w.agents {
			if w.ask(t, a); a.offer != nil {
				offered++
				if a == pinned || a == first {
					t.Errorf("%s is offered it", a.ID)
				}
				if w.roused[a.ID] == 0 {
					t.Errorf("%s was not woken", a.ID)
				}
			}
		}
		if c := w.now(t, "r").GetCounts(); offered != 8 || c.GetPinned() != 1 || c.GetOffered() != 8 {
			t.Errorf("offered to %d: %v", offered, c)
		}
		if _, err := w.Change(ctx, w.anna, "r", cabinetv1.RolloutChange_ROLLOUT_CHANGE_END, nil); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Change(ctx, w.anna, "r", cabinetv1.RolloutChange_ROLLOUT_CHANGE_RESUME, nil); !errors.Is(err, ErrOver) {
			t.Errorf("going on after the end: %v", err)
		}
	})
}

// A rollout of another organisation is one that is not there.
func TestRollout_strangers(t *testing.T) {
	storetest.Run(t, func(t *testing.T, s *store.Store) {
		w := build(t, s, 1)
		ctx := t.Context()
		w.start(t, "r", "1.4.0", &cabinetv1.RolloutPlan{Share: 100})
		_, unknown := w.Rollout(ctx, "o2", "nothing")
		_, foreign := w.Rollout(ctx, "o2", "r")
		if !errors.Is(foreign, ErrNotFound) || strings.ReplaceAll(unknown.Error(), "nothing", "r") != foreign.Error() {
			t.Errorf("foreign %v, unknown %v", foreign, unknown)
		}
		if _, err := w.Change(ctx, w.boris, "r", cabinetv1.RolloutChange_ROLLOUT_CHANGE_END, nil); !errors.Is(err, ErrNotFound) {
			t.Errorf("steered from outside: %v", err)
		}
		if err := w.Pin(ctx, w.boris, w.agents[0].ID, "1.0.0"); !errors.Is(err, ErrNotFound) {
			t.Errorf("pinned from outside: %v", err)
		}
		if list, err := w.Rollouts(ctx, "o2"); err != nil || len(list) != 0 {
			t.Errorf("listed from outside: %v, %v", list, err)
		}
		err := w.Report(ctx, w.agents[0].Agent, &uplinkv1.ReportUpdateRequest{RolloutId: "r", Version: "1.4.0", Stage: uplinkv1.UpdateStage_UPDATE_STAGE_HEALTHY})
		if !errors.Is(err, ErrNotFound) {
			t.Errorf("a report of what was never offered: %v", err)
		}
	})
}
