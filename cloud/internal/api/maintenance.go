package api

import (
	"context"
	"time"

	"github.com/chekan-io/chekan/cloud/internal/access"
	"github.com/chekan-io/chekan/cloud/internal/fleet"
	cabinetv1 "github.com/chekan-io/chekan/proto/gen/cabinet/v1"
)

// SetMaintenance implements FleetService. The bound is of the whole call: a service centre has tills of several owners.
func (f *fleetService) SetMaintenance(ctx context.Context, r *cabinetv1.SetMaintenanceRequest) (*cabinetv1.SetMaintenanceResponse, error) {
	if n := len(r.GetTillIds()); n == 0 || n > fleet.MostMaintained {
		return nil, fleet.ErrInvalid
	}
	people := map[string]*access.Person{} // as they are at each till
	owned := map[string][]string{}
	var owners []string
	for _, id := range r.GetTillIds() {
		if people[id] != nil {
			continue
		}
		p, place, err := f.s.at(ctx, access.TillsRecover, id)
		if err != nil {
			return nil, err
		}
		if owned[place.OrganisationID] == nil {
			owners = append(owners, place.OrganisationID)
		}
		people[id], owned[place.OrganisationID] = p, append(owned[place.OrganisationID], id)
	}
	var until time.Time
	if ms := r.GetUntilMs(); ms != 0 {
		until = time.UnixMilli(ms)
	}
	tills := map[string]*fleet.Till{}
	for _, owner := range owners {
		list, err := f.s.Fleet.SetMaintenance(ctx, access.PersonFrom(ctx), owner, owned[owner], until, r.GetReason())
		if err != nil {
			return nil, err
		}
		for _, t := range list {
			tills[t.ID] = t
		}
	}
	res := &cabinetv1.SetMaintenanceResponse{}
	for _, id := range r.GetTillIds() {
		if t := tills[id]; t != nil {
			res.Tills = append(res.Tills, tillView(people[id], t))
			delete(tills, id) // asked for twice, it stands there once
		}
	}
	return res, nil
}
