package remote

import (
	"testing"
	"time"

	cabinetv1 "github.com/chekan-io/chekan/proto/gen/cabinet/v1"
)

func TestDecide(t *testing.T) {
	now := time.Date(2026, 3, 4, 12, 0, 0, 0, time.UTC)
	tills := func(parts ...any) (list []subject) { // state, how many, how long ago given
		for i := 0; i < len(parts); i += 3 {
			for range parts[i+1].(int) {
				s := subject{state: parts[i].(cabinetv1.WorkTillState)}
				if ago := parts[i+2].(int); ago > 0 {
					s.given = now.Add(-time.Duration(ago) * time.Second)
				}
				list = append(list, s)
			}
		}
		return list
	}
	for _, c := range []struct {
		name     string
		order    *cabinetv1.WorkOrder
		tills    []subject
		forgiven int
		want     step
	}{
		{"the first one", &cabinetv1.WorkOrder{PerMinute: 10}, tills(waiting, 5, 0), 0, step{give: 1}},
		{"ten a minute is one in six seconds", &cabinetv1.WorkOrder{PerMinute: 10}, tills(given, 1, 5, waiting, 4, 0), 0, step{}},
		{"and the next after six", &cabinetv1.WorkOrder{PerMinute: 10}, tills(given, 1, 6, waiting, 4, 0), 0, step{give: 1}},
		{"the usual rate is ten", new(cabinetv1.WorkOrder), tills(given, 1, 6, waiting, 4, 0), 0, step{give: 1}},
		{"no burst after a pause", &cabinetv1.WorkOrder{PerMinute: 10}, tills(wentWell, 1, 600, waiting, 50, 0), 0, step{give: 1}},
		{"six hundred a minute is ten a second", &cabinetv1.WorkOrder{PerMinute: 600}, tills(given, 1, 1, waiting, 50, 0), 0, step{give: 10}},
		{"the minute is full", &cabinetv1.WorkOrder{PerMinute: 2}, tills(given, 2, 40, waiting, 5, 0), 0, step{}},
		{"no more than wait", &cabinetv1.WorkOrder{PerMinute: 600}, tills(given, 1, 1, waiting, 3, 0), 0, step{give: 3}},
		{"all given, one goes on", &cabinetv1.WorkOrder{}, tills(wentWell, 3, 9, given, 1, 9), 0, step{}},
		{"through", &cabinetv1.WorkOrder{}, tills(wentWell, 3, 9, failed, 1, 9, refused, 2, 0), 0, step{done: true}},
		{"nothing but refusals", &cabinetv1.WorkOrder{}, tills(refused, 2, 0), 0, step{done: true}},
		{"two failures of two", &cabinetv1.WorkOrder{StopFailures: 2}, tills(wentWell, 8, 99, failed, 1, 99, expired, 1, 99, waiting, 9, 0), 0, step{stop: whyFailures}},
		{"one failure of two", &cabinetv1.WorkOrder{StopFailures: 2}, tills(failed, 1, 99, waiting, 9, 0), 0, step{give: 1}},
		{"refusals are no failures", &cabinetv1.WorkOrder{StopFailures: 1}, tills(refused, 5, 0, waiting, 9, 0), 0, step{give: 1}},
		{"forgiven", &cabinetv1.WorkOrder{StopFailures: 2}, tills(failed, 2, 99, waiting, 9, 0), 2, step{give: 1}},
		{"forgiven, and two more", &cabinetv1.WorkOrder{StopFailures: 2}, tills(failed, 4, 99, waiting, 9, 0), 2, step{stop: whyFailures}},
		{"a share too early", &cabinetv1.WorkOrder{StopPercent: 10, StopAfter: 5}, tills(failed, 4, 99, waiting, 9, 0), 0, step{give: 1}},
		{"a share", &cabinetv1.WorkOrder{StopPercent: 10, StopAfter: 5}, tills(failed, 1, 99, wentWell, 9, 99, waiting, 9, 0), 0, step{stop: whyPercent}},
		{"below the share", &cabinetv1.WorkOrder{StopPercent: 10, StopAfter: 5}, tills(failed, 1, 99, wentWell, 10, 99, waiting, 9, 0), 0, step{give: 1}},
		{"nothing left to stop", &cabinetv1.WorkOrder{StopFailures: 1}, tills(failed, 3, 99), 0, step{done: true}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := decide(c.order, c.tills, c.forgiven, now); got != c.want {
				t.Errorf("%+v, want %+v", got, c.want)
			}
		})
	}
}

func TestAfter(t *testing.T) {
	const (
		runs, rests, stopped = cabinetv1.WorkState_WORK_STATE_RUNNING, cabinetv1.WorkState_WORK_STATE_PAUSED, cabinetv1.WorkState_WORK_STATE_STOPPED
		off, done            = cabinetv1.WorkState_WORK_STATE_CANCELLED, cabinetv1.WorkState_WORK_STATE_DONE
		pause, resume        = cabinetv1.WorkChange_WORK_CHANGE_PAUSE, cabinetv1.WorkChange_WORK_CHANGE_RESUME
		cancel               = cabinetv1.WorkChange_WORK_CHANGE_CANCEL
	)
	for _, c := range []struct {
		state  cabinetv1.WorkState
		change cabinetv1.WorkChange
		want   cabinetv1.WorkState
		ok     bool
	}{
		{runs, pause, rests, true},
		{rests, pause, rests, true},
		{stopped, pause, rests, false},
		{done, pause, rests, false},
		{rests, resume, runs, true},
		{stopped, resume, runs, true},
		{runs, resume, runs, true},
		{off, resume, runs, false},
		{done, resume, runs, false},
		{runs, cancel, off, true},
		{rests, cancel, off, true},
		{stopped, cancel, off, true},
		{off, cancel, off, true},
		{done, cancel, off, false},
		{runs, 0, runs, false},
	} {
		if got, ok := after(c.state, c.change); ok != c.ok || ok && got != c.want {
			t.Errorf("%v after %v: %v %v", c.state, c.change, got, ok)
		}
	}
}
