package update

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync/atomic"
	"time"

	"github.com/chekan-io/chekan/agent/internal/config"
	uplinkv1 "github.com/chekan-io/chekan/proto/gen/uplink/v1"
)

// errand is one offer being carried out.
type errand struct {
	offer  *uplinkv1.FetchUpdateResponse
	hours  atomic.Pointer[hours]
	cancel context.CancelFunc
	ended  chan error
	over   chan struct{}
}

// same tells whether an offer is the one under way, which goes on then.
func (e *errand) same(offer *uplinkv1.FetchUpdateResponse) bool {
	return e != nil && e.offer.GetRolloutId() == offer.GetRolloutId() && e.offer.GetVersion() == offer.GetVersion()
}

// stop ends it where it is: what was fetched stays for another time.
func (e *errand) stop() {
	if e != nil {
		e.cancel()
		<-e.over
	}
}

func (u *Updater) hoursOf(offer *uplinkv1.FetchUpdateResponse) *hours {
	return &hours{rush: u.rush, window: windowOf(offer.GetWindowFrom(), offer.GetWindowTo())}
}

// begin carries an offer out beside everything else.
func (u *Updater) begin(ctx context.Context, offer *uplinkv1.FetchUpdateResponse) *errand {
	ctx, cancel := context.WithCancel(ctx)
	e := &errand{offer: offer, cancel: cancel, ended: make(chan error, 1), over: make(chan struct{})}
	e.hours.Store(u.hoursOf(offer))
	u.mu.Lock()
	if u.rollout != offer.GetRolloutId() || u.shown.Version != offer.GetVersion() {
		u.rollout, u.shown = offer.GetRolloutId(), Report{Rollout: offer.GetRolloutId(), Version: offer.GetVersion()}
	}
	u.mu.Unlock()
	go func() {
		defer close(e.over)
		e.ended <- u.carry(ctx, e)
	}()
	return e
}

// carry brings an offer to the switch. The answer is ErrRelaunch, a refusal, or
// why it stopped.
func (u *Updater) carry(ctx context.Context, e *errand) error {
	version, ok := name(e.offer.GetVersion())
	if !ok {
		return refuse(nil, "Предложенная версия %q записана неверно.", e.offer.GetVersion())
	}
	if !newer(version, u.me) {
		return refuse(nil, "Предложена версия %s, а работает %s: на более старую агент не переходит.", version, u.me)
	}
	if !u.refusedBefore() {
		u.o.Log.Info("update offered", "version", version, "rollout", e.offer.GetRolloutId())
		u.stand(uplinkv1.UpdateStage_UPDATE_STAGE_OFFERED, "")
	}
	r, err := u.release(ctx, version)
	if err != nil {
		return err
	}
	if err := u.fits(r); err != nil {
		return err
	}
	if err := u.bring(ctx, e.offer, r); err != nil {
		return err
	}
	return u.switchTo(ctx, e, r)
}

// release asks the signed metadata what the version is made of, again and again
// while the line does not carry it.
func (u *Updater) release(ctx context.Context, version string) (Release, error) {
	anchor, err := u.anchor()
	if err != nil {
		return Release{}, err
	}
	for tries := 0; ; tries++ {
		repo := trove{dir: metadataDir(u.o.Data), anchor: anchor, now: u.o.Now(), fetch: u.fetch, disk: &u.disk}
		trusted, err := repo.refresh(ctx)
		var refusal *Refusal
		switch {
		case err == nil:
			return find(trusted, version, Platform())
		case errors.As(err, &refusal), errors.Is(err, errDied):
			return Release{}, err
		case isFull(err):
			return Release{}, refuse(err, "На диске нет места даже для сведений об обновлении.")
		}
		if !u.patience(ctx, tries) {
			return Release{}, err
		}
	}
}

// fits refuses a release that is signed and yet not for this agent.
func (u *Updater) fits(r Release) error {
	if u.o.Settings.Channel == config.ChannelStable && r.Channel != config.ChannelStable {
		return refuse(nil, "Версия %s выпущена в канале %s, а агент настроен на %s.", r.Version, r.Channel, u.o.Settings.Channel)
	}
	j := u.o.Journal
	switch {
	case r.Writes < j.Reads[0] || r.Writes > j.Reads[1]:
		// There would be no way back: this version could not read what the new
		// one wrote. Such a change takes two releases, and the first only reads.
		return refuse(nil, "Версия %s пишет журнал в формате %d, а версия %s его не прочтёт: вернуться было бы нельзя. Сначала нужен промежуточный выпуск.", r.Version, r.Writes, u.me)
	case j.Writes < r.Reads[0] || j.Writes > r.Reads[1]:
		return refuse(nil, "Версия %s не прочтёт журнал формата %d, который ведёт версия %s. Нужен промежуточный выпуск.", r.Version, j.Writes, u.me)
	}
	return nil
}

// bring fetches the version.
func (u *Updater) bring(ctx context.Context, offer *uplinkv1.FetchUpdateResponse, r Release) error {
	var said time.Time
	s := store{
		data: u.o.Data, disk: &u.disk, get: u.o.Cabinet.Get, rate: u.o.Rate, spare: u.o.Spare,
		progress: func(fetched, size int64) {
			if now := time.Now(); now.Sub(said) >= progressEvery {
				said = now
				u.standAt(uplinkv1.UpdateStage_UPDATE_STAGE_DOWNLOADING, fmt.Sprintf("загружено %d из %d МБ", mb(fetched), mb(size)), fetched, size)
			}
		},
		patience: func(ctx context.Context, tries int) bool {
			u.standAt(uplinkv1.UpdateStage_UPDATE_STAGE_DOWNLOADING, "загрузка прервалась, продолжится сама", 0, r.Packed.Size)
			return u.patience(ctx, tries)
		},
	}
	if err := s.disk.mkdir(versionsDir(u.o.Data)); err != nil {
		return fmt.Errorf("make a folder: %w", err)
	}
	u.o.Log.Info("update is fetched", "version", r.Version, "bytes", r.Packed.Size, "rollout", offer.GetRolloutId())
	return s.bring(ctx, r)
}

// patience waits longer each time; false when ctx ended.
func (u *Updater) patience(ctx context.Context, tries int) bool {
	return pause(ctx, min(retryLeast<<min(tries, 10), retryMost))
}

// switchTo waits for the moment and makes the choice.
func (u *Updater) switchTo(ctx context.Context, e *errand, r Release) error {
	ticker := time.NewTicker(lockEvery)
	defer ticker.Stop()
	for {
		why := e.hours.Load().wait(u.o.Now())
		if why == "" {
			look, cancel := context.WithTimeout(ctx, quietLimit)
			release, busy := u.o.Tills.Quiet(look)
			cancel()
			if busy == "" {
				return u.choose(e.offer, r, release)
			}
			why = "ждём: " + busy
		}
		u.stand(uplinkv1.UpdateStage_UPDATE_STAGE_WAITING, why)
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-ticker.C:
		}
	}
}

// choose makes the new version the chosen one. The tills are quiet; when all
// goes well they stay so until the program ends.
func (u *Updater) choose(offer *uplinkv1.FetchUpdateResponse, r Release, release func()) error {
	trial := Trial{
		Rollout: offer.GetRolloutId(), From: u.me, Seconds: int(offer.GetTrialSeconds()), Cloud: u.o.Cabinet.Answers(), SinceMs: u.o.Now().UnixMilli(),
	}
	for _, t := range u.o.Tills.States() {
		if t.GetOnline() {
			trial.Tills = append(trial.Tills, t.GetTill())
		}
	}
	report := Report{Rollout: trial.Rollout, Version: r.Version, Stage: uplinkv1.UpdateStage_UPDATE_STAGE_TRIAL, From: u.me}
	err := u.change(func(s State) State {
		binaries := map[string]Binary{r.Version: r.Binary}
		if b, ok := s.Binaries[u.slot()]; ok {
			binaries[u.slot()] = b
		}
		s.Chosen, s.Previous, s.Trial, s.Binaries, s.Notice = r.Version, u.slot(), &trial, binaries, ""
		return s.report(report)
	})
	if err != nil {
		if errors.Is(err, errDied) {
			return err
		}
		release()
		if loaded, loadErr := loadState(u.o.Data); loadErr == nil {
			u.mu.Lock()
			u.state = loaded
			u.mu.Unlock()
		}
		if isFull(err) {
			return refuse(err, "На диске нет места, чтобы записать выбор версии.")
		}
		return err
	}
	u.o.Log.Info("update switches", "from", u.me, "to", r.Version)
	if err := u.disk.step(StepLeave, ""); err != nil {
		return err
	}
	return ErrRelaunch
}

// wirePlatform is the platform as the uplink names it.
func wirePlatform() string { return runtime.GOOS + "/" + runtime.GOARCH }
