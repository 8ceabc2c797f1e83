package updates

import (
	"errors"
	"testing"

	cabinetv1 "github.com/chekan-io/chekan/proto/gen/cabinet/v1"
)

// What a person may do to a rollout in each state.
func TestGoes(t *testing.T) {
	const (
		plan   = cabinetv1.RolloutChange_ROLLOUT_CHANGE_UNSPECIFIED
		pause  = cabinetv1.RolloutChange_ROLLOUT_CHANGE_PAUSE
		resume = cabinetv1.RolloutChange_ROLLOUT_CHANGE_RESUME
		end    = cabinetv1.RolloutChange_ROLLOUT_CHANGE_END
	)
	for _, c := range []struct {
		change cabinetv1.RolloutChange
		state  int32
		next   int32 // 0: refused
	}{
		{pause, running, paused},
		{pause, paused, paused},
		{pause, aborted, 0},
		{pause, through, 0},
		{pause, ended, 0},
		{resume, running, running},
		{resume, paused, running},
		{resume, aborted, running},
		{resume, through, running},
		{resume, ended, 0},
		{end, running, ended},
		{end, paused, ended},
		{end, aborted, ended},
		{end, through, 0},
		{end, ended, ended},
		{plan, running, running},
		{plan, paused, paused},
		{plan, aborted, aborted},
		{plan, through, running},
		{plan, ended, 0},
	} {
		next, err := goes(c.change, c.state, true)
		if next != c.next || (c.next == 0) != errors.Is(err, ErrOver) {
			t.Errorf("%s of state %d: got %d, %v; want %d", c.change, c.state, next, err, c.next)
		}
	}
	if _, err := goes(plan, running, false); !errors.Is(err, ErrInvalid) {
		t.Errorf("nothing to change: %v", err)
	}
}
