package api

import (
	"cmp"
	"context"

	"github.com/chekan-io/chekan/cloud/internal/access"
	"github.com/chekan-io/chekan/cloud/internal/fleet"
	"github.com/chekan-io/chekan/cloud/internal/light"
	cabinetv1 "github.com/chekan-io/chekan/proto/gen/cabinet/v1"
)

// ListThresholds implements FleetService.
func (f *fleetService) ListThresholds(ctx context.Context, r *cabinetv1.ListThresholdsRequest) (*cabinetv1.ListThresholdsResponse, error) {
	p, err := f.s.node(ctx, access.TillsView, r.GetNode())
	if err != nil {
		return nil, err
	}
	rules, err := f.s.Fleet.Thresholds(ctx, p.OrganisationID, node(r.GetNode()))
	if err != nil {
		return nil, err
	}
	res := &cabinetv1.ListThresholdsResponse{
		Name: cmp.Or(rules.Name, p.Organisation), Hours: hoursView(rules.Hours), HoursLevel: cabinetv1.ThresholdLevel(rules.HoursLevel),
		HoursName: rules.HoursName,
	}
	for _, t := range rules.Thresholds {
		res.Thresholds = append(res.Thresholds, thresholdView(t))
	}
	return res, nil
}

// SetThreshold implements FleetService.
func (f *fleetService) SetThreshold(ctx context.Context, r *cabinetv1.SetThresholdRequest) (*cabinetv1.SetThresholdResponse, error) {
	p, err := f.s.node(ctx, access.TillsConfigure, r.GetNode())
	if err != nil {
		return nil, err
	}
	var limit *light.Limit
	if l := r.GetLimits(); l != nil {
		limit = &light.Limit{Warn: l.GetWarn(), Critical: l.GetCritical()}
	}
	t, err := f.s.Fleet.SetThreshold(ctx, p.OrganisationID, node(r.GetNode()), light.Metric(r.GetMetric()), limit)
	if err != nil {
		return nil, err
	}
	return &cabinetv1.SetThresholdResponse{Threshold: thresholdView(t)}, nil
}

// SetWorkingHours implements FleetService.
func (f *fleetService) SetWorkingHours(ctx context.Context, r *cabinetv1.SetWorkingHoursRequest) (*cabinetv1.SetWorkingHoursResponse, error) {
	p, err := f.s.node(ctx, access.TillsConfigure, r.GetNode())
	if err != nil {
		return nil, err
	}
	var hours *light.Hours
	if h := r.GetHours(); h != nil {
		hours = &light.Hours{From: int(h.GetFrom()), To: int(h.GetTo())}
	}
	now, level, err := f.s.Fleet.SetWorkingHours(ctx, p.OrganisationID, node(r.GetNode()), hours)
	if err != nil {
		return nil, err
	}
	return &cabinetv1.SetWorkingHoursResponse{Hours: hoursView(now), Level: cabinetv1.ThresholdLevel(level)}, nil
}

// SetContract implements FleetService.
func (f *fleetService) SetContract(ctx context.Context, r *cabinetv1.SetContractRequest) (*cabinetv1.SetContractResponse, error) {
	p, _, err := f.s.at(ctx, access.TillsConfigure, r.GetTillId())
	if err != nil {
		return nil, err
	}
	t, err := f.s.Fleet.SetContract(ctx, p.OrganisationID, r.GetTillId(), r.GetUntil())
	if err != nil {
		return nil, err
	}
	return &cabinetv1.SetContractResponse{Till: tillView(p, t)}, nil
}

func node(n *cabinetv1.ThresholdNode) fleet.Node {
	if l := n.GetLevel(); l < 0 || l > cabinetv1.ThresholdLevel_THRESHOLD_LEVEL_DEPARTMENT {
		return fleet.Node{} // a level nobody knows is refused like none
	}
	return fleet.Node{Level: light.Level(n.GetLevel()), ID: n.GetId()}
}

func hoursView(h light.Hours) *cabinetv1.WorkingHours {
	return &cabinetv1.WorkingHours{From: uint32(h.From), To: uint32(h.To)}
}

func thresholdView(t fleet.Threshold) *cabinetv1.Threshold {
	return &cabinetv1.Threshold{
		Metric: string(t.Rule.Metric), Aspect: cabinetv1.TillAspect(t.Rule.Aspect), Below: t.Rule.Below, Most: t.Rule.Most,
		Limits: &cabinetv1.Limits{Warn: t.Limit.Warn, Critical: t.Limit.Critical}, Level: cabinetv1.ThresholdLevel(t.Level),
		Above: &cabinetv1.Limits{Warn: t.Above.Warn, Critical: t.Above.Critical}, AboveLevel: cabinetv1.ThresholdLevel(t.AboveLevel),
		LevelName: t.LevelName, AboveName: t.AboveName,
	}
}

// cellViews gives the aspects of a till; nothing in them is money.
func cellViews(cells []light.Cell) []*cabinetv1.TillCell {
	views := make([]*cabinetv1.TillCell, 0, len(cells))
	for _, c := range cells {
		v := &cabinetv1.TillCell{
			Aspect: cabinetv1.TillAspect(c.Aspect), Light: fleet.LightOf(c.Colour), Code: c.Code, Text: withoutSums(c.Text), Todo: c.Todo, Args: moneylessArgs(c.Args),
			Metric: string(c.Rule), Value: c.Value, Limit: c.Limit, Level: cabinetv1.ThresholdLevel(c.Of), LevelName: c.OfName,
		}
		if !c.Since.IsZero() {
			v.SinceMs = c.Since.UnixMilli()
		}
		views = append(views, v)
	}
	return views
}

func stopView(s light.Stop) *cabinetv1.TillStop {
	if s.At.IsZero() {
		return nil
	}
	return &cabinetv1.TillStop{AtMs: s.At.UnixMilli(), Cause: string(s.Cause)}
}
