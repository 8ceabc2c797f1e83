package errand

import (
	"cmp"
	"context"
	"fmt"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/chekan-io/chekan/agent/internal/uplink"
	fiscalv1 "github.com/chekan-io/chekan/proto/gen/fiscal/v1"
	uplinkv1 "github.com/chekan-io/chekan/proto/gen/uplink/v1"
)

const (
	stepKeep  = "settings_keep"
	stepApply = "settings_apply"

	// quietLimit is how long settings wait for the moment to restart; they are on
	// disk by then, and hold from the next start in any case.
	quietLimit = 15 * time.Minute
	quietGap   = 2 * time.Second
	quietLook  = 5 * time.Second
)

// Settings are what package config keeps of what the cabinet's people want.
type Settings interface {
	// Take checks settings of a till and keeps them durably. fresh is false when
	// they are kept already; restart is true when the agent has to start anew for
	// them to hold. An error is a sentence for people, and nothing has changed.
	Take(till string, s *fiscalv1.TillSettings) (fresh, restart bool, err error)
	// Trouble says why what is kept does not hold; nil when it does.
	Trouble() error
}

// configure keeps settings, and starts the agent anew when they need it and no
// operation is open. A version that is kept already is kept no second time.
func (d *doing) configure(ctx context.Context, cmd *uplinkv1.Command, save func(context.Context, *fiscalv1.Run) error) error {
	keep, apply := d.run.GetSteps()[0], d.run.GetSteps()[1]
	d.begin(keep)
	fresh, restart, err := d.o.Settings.Take(cmd.GetTill(), cmd.GetSettings())
	version := cmd.GetSettings().GetVersion()
	switch {
	case err != nil:
		d.end(keep, false, "Настройки не приняты, ничего не изменено: "+err.Error())
		return nil //nolint:nilerr // the run says it
	case fresh:
		d.end(keep, true, fmt.Sprintf("Настройки проверены и записаны, версия %d.", version))
	default:
		d.end(keep, true, fmt.Sprintf("Версия %d уже записана, второй раз не применяется.", version))
	}
	d.begin(apply)
	if !restart {
		d.end(apply, true, fmt.Sprintf("Настройки действуют, версия %d.", version))
		return nil
	}
	busy, err := d.anew(ctx, save)
	if busy != "" {
		d.end(apply, false, "Настройки записаны, но перезапустить агента нельзя: "+busy+". Они подействуют после его следующего запуска.")
	}
	return err
}

// anew starts the agent anew when nothing is open on any till: the error is
// ErrNotOver then. busy says what kept it from that.
func (d *doing) anew(ctx context.Context, save func(context.Context, *fiscalv1.Run) error) (busy string, err error) {
	release, busy := d.quiet(ctx)
	if release == nil {
		return cmp.Or(busy, "касса занята"), nil
	}
	if err := save(ctx, proto.CloneOf(d.run)); err != nil {
		release()
		return "", fmt.Errorf("записать перезапуск: %w", err)
	}
	d.o.Restart() // the quiet lasts until the tills stop
	return "", uplink.ErrNotOver
}

// quiet waits until nothing is open on any till.
func (d *doing) quiet(ctx context.Context) (release func(), busy string) {
	ctx, cancel := context.WithTimeout(ctx, quietLimit)
	defer cancel()
	for {
		look, done := context.WithTimeout(ctx, quietLook)
		release, now := d.o.Quiet(look)
		done()
		if release != nil {
			return release, ""
		}
		if now != "" {
			busy = now
		}
		timer := time.NewTimer(quietGap)
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return nil, busy
		}
	}
}

// configured ends the run of settings that waited for the restart.
func (e *Errands) configured(run *fiscalv1.Run) bool {
	if len(run.GetSteps()) != 2 || run.GetSteps()[1].GetState() != fiscalv1.StepState_STEP_STATE_RUNNING {
		return false
	}
	apply := run.GetSteps()[1]
	apply.State, apply.EndedMs, apply.Result = fiscalv1.StepState_STEP_STATE_DONE, e.o.Now().UnixMilli(), "Агент перезапущен, настройки действуют."
	if err := e.o.Settings.Trouble(); err != nil {
		apply.State, apply.Result = fiscalv1.StepState_STEP_STATE_FAILED, "Агент перезапущен с прежними настройками: "+err.Error()
	}
	run.Ended, run.Ok, run.Text = true, apply.GetState() == fiscalv1.StepState_STEP_STATE_DONE, apply.GetResult()
	return true
}
