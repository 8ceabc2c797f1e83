package updates

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"fmt"
	"slices"
	"strings"
	"time"

	cabinetv1 "github.com/chekan-io/chekan/proto/gen/cabinet/v1"
)

// member is an agent of an organisation that understands updates and is not revoked.
type member struct {
	ID, Outlet, Version, Channel, Platform, Pin string
}

// subject is what decisions need to know of a rollout.
type subject struct {
	ID, Version, Channel string
	Platforms            []string
	Plan                 *cabinetv1.RolloutPlan
	State                cabinetv1.RolloutState
}

// standing is where an agent stands in a rollout; its zero value is an agent that was not offered anything.
type standing struct {
	Stage cabinetv1.UpdateStage
}

// why is the reason of a decision.
type why int

// Reasons. All but whyOffer mean that nothing is offered now.
const (
	whyOffer why = iota
	whyNotRunning
	whyNotConcerned // outlet, channel or platform are others
	whyPinned
	whyThere  // runs it, or a later one
	whyEnded  // stayed, rolled back or refused in this rollout
	whyFailed // the agent says it tried it, and the report is on its way
	whyAhead  // not yet in the share
	whyRate   // in the share, but so many were offered within the minute
)

// pace is how many offers were made within the last minute, and when the oldest of them was.
type pace struct {
	offers int
	oldest time.Time
}

// concerns tells whether a rollout is about an agent at all.
func (s *subject) concerns(m member) bool {
	switch {
	case len(s.Plan.GetOutletIds()) > 0 && !slices.Contains(s.Plan.GetOutletIds(), m.Outlet):
		return false
	case s.Channel != ChannelStable && m.Channel != s.Channel:
		return false // it would refuse it; an agent that has not asked yet is on stable
	case m.Platform != "" && !slices.Contains(s.Platforms, m.Platform):
		return false
	}
	return true
}

// pinned tells whether an agent is kept away from the version.
func (s *subject) pinned(m member) bool { return m.Pin != "" && m.Pin != s.Version }

// there tells whether an agent runs the version already, or one it would not go back from.
func (s *subject) there(m member) bool { return m.Version == s.Version || newer(m.Version, s.Version) }

// share gives the agents of the share, of those there are now. The order is one of hashes, so that a higher share adds
// agents and takes none away, and no shop is always the first one.
func (s *subject) share(members []member) map[string]bool {
	type ranked struct {
		id  string
		sum [sha256.Size]byte
	}
	var order []ranked
	for _, m := range members {
		if s.concerns(m) {
			order = append(order, ranked{m.ID, sha256.Sum256([]byte(s.ID + "\x00" + m.ID))})
		}
	}
	slices.SortFunc(order, func(a, b ranked) int {
		return cmp.Or(bytes.Compare(a.sum[:], b.sum[:]), strings.Compare(a.id, b.id))
	})
	percent := min(int(s.Plan.GetShare()), 100)
	n := (len(order)*percent + 99) / 100 // of three agents, one percent is one
	chosen := make(map[string]bool, n)
	for _, r := range order[:n] {
		chosen[r.id] = true
	}
	return chosen
}

func over(stage cabinetv1.UpdateStage) bool {
	return stage >= cabinetv1.UpdateStage_UPDATE_STAGE_HEALTHY
}

// decide says whether the agent that asks is offered the version now, and when not, why. failed is the version that it
// tried last and that did not stay. again is how long it should wait before it asks anew; 0 is as usual.
func decide(s *subject, chosen map[string]bool, m member, st standing, failed string, p pace, now time.Time) (reason why, again time.Duration) {
	switch {
	case s.State != cabinetv1.RolloutState_ROLLOUT_STATE_RUNNING:
		return whyNotRunning, 0
	case !s.concerns(m):
		return whyNotConcerned, 0
	case s.there(m):
		return whyThere, 0
	case over(st.Stage):
		return whyEnded, 0
	case s.pinned(m):
		return whyPinned, 0
	case st.Stage >= cabinetv1.UpdateStage_UPDATE_STAGE_TRIAL && failed == s.Version:
		return whyFailed, 0
	case st.Stage != cabinetv1.UpdateStage_UPDATE_STAGE_UNSPECIFIED:
		return whyOffer, 0 // the offer stands
	case !chosen[m.ID]:
		return whyAhead, 0
	case s.Plan.GetPerMinute() > 0 && p.offers >= int(s.Plan.GetPerMinute()):
		return whyRate, max(time.Minute-now.Sub(p.oldest), time.Second)
	}
	return whyOffer, 0
}

// count says how many agents stand where. all are the members there are now; standings may have others, revoked since,
// that count where they ended: what they went through is not undone.
func count(s *subject, members []member, standings map[string]standing) *cabinetv1.RolloutCounts {
	c := new(cabinetv1.RolloutCounts)
	seen := map[string]bool{}
	for _, m := range members {
		st, has := standings[m.ID]
		if !has && !s.concerns(m) {
			continue
		}
		seen[m.ID] = true
		c.All++
		switch {
		case has && (over(st.Stage) || st.Stage == cabinetv1.UpdateStage_UPDATE_STAGE_TRIAL):
			tally(c, st.Stage)
		case s.there(m):
			c.Already++ // by a package, or by another rollout
		case s.pinned(m):
			c.Pinned++
		case has:
			tally(c, st.Stage)
		default:
			c.Ahead++
		}
	}
	for id, st := range standings {
		if !seen[id] && over(st.Stage) {
			c.All++
			tally(c, st.Stage)
		}
	}
	return c
}

func tally(c *cabinetv1.RolloutCounts, stage cabinetv1.UpdateStage) {
	switch stage {
	case cabinetv1.UpdateStage_UPDATE_STAGE_UNSPECIFIED:
		c.Ahead++
	case cabinetv1.UpdateStage_UPDATE_STAGE_OFFERED:
		c.Offered++
	case cabinetv1.UpdateStage_UPDATE_STAGE_DOWNLOADING:
		c.Downloading++
	case cabinetv1.UpdateStage_UPDATE_STAGE_WAITING:
		c.Waiting++
	case cabinetv1.UpdateStage_UPDATE_STAGE_TRIAL:
		c.Trial++
	case cabinetv1.UpdateStage_UPDATE_STAGE_HEALTHY:
		c.Healthy++
	case cabinetv1.UpdateStage_UPDATE_STAGE_ROLLED_BACK:
		c.RolledBack++
	case cabinetv1.UpdateStage_UPDATE_STAGE_REFUSED:
		c.Refused++
	}
}

// stop says why a rollout has to stop by its own criteria; empty when it has not.
func stop(plan *cabinetv1.RolloutPlan, healthy, rolledBack, refused int) string {
	failed := rolledBack + refused
	ended := healthy + failed
	percent := int(plan.GetAbortPercent())
	if percent == 0 || failed == 0 || ended < max(int(plan.GetAbortAfter()), 1) || failed*100 < percent*ended {
		return ""
	}
	return fmt.Sprintf("Остановлено: из %d закончивших не обновились %d (%d %%; вернулись %d, отказались %d), порог %d %%.",
		ended, failed, failed*100/ended, rolledBack, refused, percent)
}

// done tells whether every agent of the share is through.
func done(s *subject, members []member, standings map[string]standing) bool {
	chosen := s.share(members)
	for _, m := range members {
		st, has := standings[m.ID]
		switch {
		case has && over(st.Stage):
		case has && st.Stage == cabinetv1.UpdateStage_UPDATE_STAGE_TRIAL:
			return false
		case s.there(m), s.pinned(m):
		case has || chosen[m.ID]:
			return false
		}
	}
	return len(chosen) > 0
}
