// Package update replaces the agent by later versions of itself, without ever
// touching a sale in progress and without ever leaving a till with nothing that
// works.
//
// # Two slots and a launcher
//
// The packaged program is the launcher and the fall-back. Later versions lie in
// <data>/versions/<version>/, state.json beside them says which one runs. At each
// start the launcher reads it, decides ([Decide]), makes the count of starts
// durable, and hands over: by becoming the version ([Launcher.Exec]), or, where
// a process cannot, by running it as a child ([Launcher.Supervise]). A version
// that cannot start, crashes or hangs at start is given up after [MaxStarts]
// starts and the one before comes back, with nobody having to do anything and
// nothing of the new version having to work.
//
// # How an update goes
//
//  1. The cabinet offers a version. What it is made of says only the signed
//     metadata (The Update Framework): keys, expiry, no way back to older ones.
//  2. It is fetched in the background, slowly, going on where it was cut,
//     verified, unpacked, verified again, made durable. Nothing of it can be
//     executed before.
//  3. It waits for a moment in which nothing is open on any till, outside rush
//     hours and inside the offer's window, and takes the tills' quiet.
//  4. The choice is made durable, the program ends in an orderly way, the
//     launcher starts the new version.
//  5. For a quarter of an hour the new version has to show that it reaches what
//     the old one reached. Otherwise it gives itself up.
//
// The cabinet hears of each stage until it says that it has heard.
//
// # What it never does
//
// It never runs what was not signed, goes to a lower version unless it is the
// way back, switches while an operation is open or its fate unknown, takes the
// last space of the disk, or starts a version whose start it could not count.
//
// docs/updates.md tells it with the table of decisions; docs/decisions/0012 why.
//
// # What it does not do
//
// It does not replace the packaged program: that is for the package manager,
// and no process with the rights to do it exists here. It does not choose who gets which
// version: that is the cabinet's.
package update

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/chekan-io/chekan/agent/internal/config"
	"github.com/chekan-io/chekan/agent/internal/service"
	uplinkv1 "github.com/chekan-io/chekan/proto/gen/uplink/v1"
)

const (
	// pollDefault is how often an offer is asked for when the cabinet does not say.
	pollDefault = time.Hour
	pollLeast   = time.Second
	pollMost    = 24 * time.Hour
	// lockEvery is how often the moment for a switch is looked for.
	lockEvery = time.Second
	// quietLimit bounds one look at the tills: while it lasts, the shop waits.
	quietLimit = 2 * time.Second
	// leaveLimit is how long a version that gives itself up waits for quiet: it
	// may be the reason why there is none.
	leaveLimit = 30 * time.Second
	// retryLeast and retryMost pace what the line did not carry.
	retryLeast = time.Second
	retryMost  = time.Minute
	// progressEvery is how often the cabinet hears how much is fetched.
	progressEvery = 10 * time.Second
)

// Formats are the journal formats of a version.
type Formats struct {
	// Writes is the one it writes, Reads the first and last it reads.
	Writes int
	Reads  [2]int
}

// Options are what an Updater needs.
type Options struct {
	// Data is the agent's data folder.
	Data string
	// Version is this program's.
	Version string
	// Packaged is that this program is the packaged one, not one of the folder.
	Packaged bool
	// Settings are the section of the configuration.
	Settings config.Update
	// Cabinet is the line.
	Cabinet Cabinet
	// Tills are the tills.
	Tills Tills
	// Journal are the formats of this version.
	Journal Formats
	// Now is the wall clock in the shop's own zone; nil is time.Now.
	Now func() time.Time
	// Rate bounds the download, bytes a second; Spare is the disk space left
	// alone, bytes. 0 is the usual.
	Rate, Spare int64
	// Fault is asked before each durable step, for tests.
	Fault func(step Step, path string) error
	// Log hears of offers, switches and verdicts.
	Log *slog.Logger
}

// Updater keeps this agent at the version its cabinet wants.
type Updater struct {
	o     Options
	me    string // canonical version; empty for a build without one
	rush  []config.Hours
	disk  disk
	tell  reporter
	check chan struct{}

	mu      sync.Mutex
	state   State
	shown   Report // where the update under way stands
	since   time.Time
	rollout string        // of the update under way
	waiting chan struct{} // closed at the next answer of the cabinet, or its absence
	well    bool          // it answered
}

// New makes an updater; it reads the state and touches nothing.
func New(o Options) (*Updater, error) {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Rate == 0 {
		o.Rate = defaultRate
	}
	if o.Spare == 0 {
		o.Spare = defaultSpare
	}
	if o.Settings.Root == "" {
		o.Settings.Root = config.DefaultRoot()
	}
	u := &Updater{o: o, disk: disk{fault: o.Fault}, check: make(chan struct{}, 1), waiting: make(chan struct{})}
	u.me, _ = name(o.Version)
	for _, text := range o.Settings.RushHours {
		h, err := config.ParseHours(text)
		if err != nil {
			return nil, fmt.Errorf("rush hours: %w", err)
		}
		u.rush = append(u.rush, h)
	}
	var err error
	if u.state, err = loadState(o.Data); err != nil {
		// The launcher has said so and begun anew; if even that did not work, an
		// empty state is the right one: the packaged version runs.
		o.Log.Error("state of updates", "error", err)
	}
	u.tell.init(u)
	return u, nil
}

// Run keeps watch until ctx ends. It returns [ErrRelaunch] when another version
// has to run: then the tills are quiet, and stay so until the program ends.
func (u *Updater) Run(ctx context.Context) error {
	stop, cancel := context.WithCancel(ctx)
	var all sync.WaitGroup
	all.Go(func() { u.tell.run(stop) })
	defer func() { cancel(); all.Wait() }()
	if err := u.settle(ctx); err != nil {
		return err
	}
	if ctx.Err() == nil && u.me != "" && u.o.Settings.Channel != config.ChannelOff {
		return u.follow(ctx)
	}
	<-ctx.Done()
	return nil
}

// settle brings what the last run left to an end: the trial of this version, or
// of one that the launcher gave up.
func (u *Updater) settle(ctx context.Context) error {
	s := u.snapshot()
	for _, r := range s.Reports {
		u.tell.put(r)
	}
	switch {
	case u.me == "":
		return nil
	case s.Trial != nil && s.Chosen == u.me && !u.o.Packaged:
		return u.onTrial(ctx, s)
	case s.Trial != nil:
		// This runs although another was chosen: its start could not be counted.
		text := fmt.Sprintf("Запуск версии %s нечем отсчитать, диск не принимает записи: работает версия %s.", s.Chosen, u.me)
		u.o.Log.Warn("update is given up", "version", s.Chosen)
		if err := u.change(func(s State) State {
			s = s.back(text, u.o.Now())
			s.Chosen = u.slot()
			return s
		}); err != nil {
			u.o.Log.Error("state of updates", "error", err)
		}
		u.tell.put(u.snapshot().newest())
	}
	return u.tidy()
}

// slot is the name of this version in the state.
func (u *Updater) slot() string {
	if u.o.Packaged {
		return ""
	}
	return u.me
}

// tidy removes versions that nothing goes back to.
func (u *Updater) tidy() error {
	err := trim(&u.disk, u.o.Data, u.snapshot())
	switch {
	case errors.Is(err, errDied):
		return err
	case err != nil && !errors.Is(err, os.ErrNotExist):
		u.o.Log.Warn("older versions stay", "error", err)
	}
	return nil
}

// onTrial runs the trial of this version to its end.
func (u *Updater) onTrial(ctx context.Context, s State) error {
	report := Report{Rollout: s.Trial.Rollout, Version: u.me, From: s.Trial.From, Stage: uplinkv1.UpdateStage_UPDATE_STAGE_TRIAL}
	u.show(report)
	u.tell.put(report)
	u.o.Log.Info("version on trial", "version", u.me, "from", s.Trial.From, "starts", s.Trial.Starts, "window", s.Trial.window().String())
	stays, text := u.trial(ctx, *s.Trial)
	switch {
	case ctx.Err() != nil:
		return u.orderly(ctx)
	case stays:
		u.o.Log.Info("version stays", "version", u.me)
		if err := u.change(State.stay); err != nil {
			return u.unwritten(err)
		}
		u.show(u.snapshot().newest())
		u.tell.put(u.snapshot().newest())
		return u.tidy()
	}
	u.o.Log.Error("version gives itself up", "version", u.me, "why", text)
	return u.giveUp(ctx, text)
}

// unwritten passes a death on; anything else the next start does again.
func (u *Updater) unwritten(err error) error {
	if errors.Is(err, errDied) {
		return err
	}
	u.o.Log.Error("state of updates", "error", err)
	return nil
}

// orderly takes the start back that the launcher counted: a computer that is
// switched off is no crash.
func (u *Updater) orderly(ctx context.Context) error {
	if cause := context.Cause(ctx); !errors.Is(cause, context.Canceled) && !errors.Is(cause, service.ErrRestart) {
		return nil // a part of the program failed
	}
	err := u.change(func(s State) State {
		if s.Trial != nil && s.Trial.Starts > 0 {
			t := *s.Trial
			t.Starts--
			s.Trial = &t
		}
		return s
	})
	return u.unwritten(err)
}

// giveUp goes back to the version before. The tills are asked to be quiet, but
// a version that cannot reach them may never see them so: then the program ends
// in its usual orderly way, which lets an exchange in progress finish.
func (u *Updater) giveUp(ctx context.Context, text string) error {
	until, cancel := context.WithTimeout(ctx, leaveLimit)
	defer cancel()
	for {
		_, busy := u.o.Tills.Quiet(until)
		if busy == "" || !pause(until, lockEvery) {
			break
		}
	}
	if ctx.Err() != nil {
		return u.orderly(ctx)
	}
	if err := u.change(func(s State) State { return s.back(text, u.o.Now()) }); err != nil {
		if errors.Is(err, errDied) {
			return err
		}
		// The launcher cannot count either, and runs the version before.
		u.o.Log.Error("state of updates", "error", err)
	}
	return ErrRelaunch
}

// follow takes offers until ctx ends or another version has to run.
func (u *Updater) follow(ctx context.Context) error {
	offers := make(chan *uplinkv1.FetchUpdateResponse, 1)
	var all sync.WaitGroup
	poll, stop := context.WithCancel(ctx)
	all.Go(func() { u.poll(poll, offers) })
	defer func() { stop(); all.Wait() }()

	var under *errand // the offer being carried out; nil when there is none
	var ended <-chan error
	defer func() { under.stop() }()
	for {
		select {
		case <-ctx.Done():
			return nil
		case offer := <-offers:
			if under.same(offer) {
				under.hours.Store(u.hoursOf(offer))
				continue
			}
			under.stop()
			under, ended = nil, nil
			if !u.wanted(offer) {
				continue
			}
			under = u.begin(ctx, offer)
			ended = under.ended
		case err := <-ended:
			version := under.offer.GetVersion()
			under.stop()
			under, ended = nil, nil
			var refusal *Refusal
			switch {
			case errors.Is(err, ErrRelaunch), errors.Is(err, errDied):
				return err
			case errors.As(err, &refusal):
				u.o.Log.Warn("update refused", "version", version, "why", refusal.Text, "error", refusal.Err)
				u.stand(uplinkv1.UpdateStage_UPDATE_STAGE_REFUSED, refusal.Text)
			case err != nil && ctx.Err() == nil:
				u.o.Log.Warn("update does not go on", "error", err)
				u.stand(uplinkv1.UpdateStage_UPDATE_STAGE_REFUSED, "Не удалось подготовить обновление: "+err.Error()+".")
			}
		}
	}
}

// poll asks for offers as told, and when the line or a person says that it is worth it.
func (u *Updater) poll(ctx context.Context, offers chan<- *uplinkv1.FetchUpdateResponse) {
	wait := time.Duration(0)
	for {
		timer := time.NewTimer(wait)
		select {
		case <-ctx.Done():
		case <-timer.C:
		case <-u.o.Cabinet.Asked():
		case <-u.check:
		}
		timer.Stop()
		if ctx.Err() != nil {
			return
		}
		offer, err := u.o.Cabinet.Offer(ctx, &uplinkv1.FetchUpdateRequest{
			Version: u.me, Platform: wirePlatform(), Channel: u.o.Settings.Channel, Failed: u.failed(),
		})
		if err != nil {
			wait = min(max(2*wait, retryLeast), retryMost)
			u.answered(false)
		} else {
			wait = min(max(time.Duration(offer.GetPollMs())*time.Millisecond, pollLeast), pollMost)
			if offer.GetPollMs() == 0 {
				wait = pollDefault
			}
			select {
			case offers <- offer:
			case <-ctx.Done():
				return
			}
			u.answered(true)
		}
		// However often it is signalled, not more than once a second.
		if !pause(ctx, pollLeast) {
			return
		}
	}
}

func (u *Updater) failed() string {
	if f := u.snapshot().Failed; f != nil {
		return f.Version
	}
	return ""
}

// wanted tells whether an offer is to be carried out.
func (u *Updater) wanted(offer *uplinkv1.FetchUpdateResponse) bool {
	if offer.GetRolloutId() == "" || offer.GetVersion() == "" {
		u.forget()
		return false
	}
	version, ok := name(offer.GetVersion())
	if ok && version == u.me {
		u.forget()
		// The cabinet may have missed how it ended.
		u.again(Report{Rollout: offer.GetRolloutId(), Version: offer.GetVersion(), Stage: uplinkv1.UpdateStage_UPDATE_STAGE_HEALTHY, From: u.me})
		return false
	}
	if f := u.snapshot().Failed; f != nil && f.Version == version && f.Rollout == offer.GetRolloutId() {
		u.forget()
		u.again(Report{Rollout: f.Rollout, Version: f.Version, Stage: uplinkv1.UpdateStage_UPDATE_STAGE_ROLLED_BACK, Text: f.Text, From: u.me})
		return false
	}
	return true
}

// again tells an end once more, unless it is being told.
func (u *Updater) again(r Report) {
	if !slices.ContainsFunc(u.snapshot().Reports, func(kept Report) bool { return kept.Rollout == r.Rollout && kept.Version == r.Version }) {
		u.tell.put(r)
	}
}

// change changes the state, durably first.
func (u *Updater) change(f func(State) State) error {
	u.mu.Lock()
	defer u.mu.Unlock()
	next := f(u.state)
	if err := next.save(&u.disk, u.o.Data); err != nil {
		u.state = next
		return err
	}
	u.state = next
	return nil
}

func (u *Updater) snapshot() State {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.state
}

// anchor reads the root of trust.
func (u *Updater) anchor() ([]byte, error) {
	text, err := os.ReadFile(u.o.Settings.Root)
	if err != nil {
		return nil, refuse(err, "Нет файла корневых ключей обновлений %s: переустановите пакет агента.", u.o.Settings.Root)
	}
	return text, nil
}

// fetch reads a small file of the releases whole, and not more than limit.
func (u *Updater) fetch(ctx context.Context, path string, limit int64) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, stallLimit)
	defer cancel()
	body, at, err := u.o.Cabinet.Get(ctx, path, 0)
	if err != nil {
		return nil, fmt.Errorf("fetch %s: %w", path, err)
	}
	defer body.Close()
	if at != 0 {
		return nil, fmt.Errorf("fetch %s: %w", path, errCut)
	}
	text, err := io.ReadAll(io.LimitReader(body, limit+1))
	if err != nil {
		return nil, fmt.Errorf("fetch %s: %w: %w", path, errCut, err)
	}
	if int64(len(text)) > limit {
		return nil, refuse(nil, "Кабинет отдаёт больше, чем могут весить сведения об обновлениях (%s).", filepath.Base(path))
	}
	return text, nil
}
