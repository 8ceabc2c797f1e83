package api

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/chekan-io/chekan/cloud/internal/access"
	"github.com/chekan-io/chekan/cloud/internal/documents"
	"github.com/chekan-io/chekan/cloud/internal/fleet"
	"github.com/chekan-io/chekan/cloud/internal/reports"
	cabinetv1 "github.com/chekan-io/chekan/proto/gen/cabinet/v1"
	"github.com/chekan-io/chekan/proto/gen/cabinet/v1/cabinetv1connect"
	fiscalv1 "github.com/chekan-io/chekan/proto/gen/fiscal/v1"
)

var _ cabinetv1connect.HistoryServiceHandler = (*historyService)(nil)

type historyService struct{ s *Server }

// history reads pages of a filter as its caller may see them.
type history struct {
	s      *Server
	filter *cabinetv1.HistoryFilter
	tracks *tracks
}

func (h *historyService) open(ctx context.Context, f *cabinetv1.HistoryFilter) (*history, error) {
	reach, eyes, err := h.s.sight(ctx, access.DocumentsView, access.TillsView)
	if err != nil {
		return nil, err
	}
	if f == nil {
		f = &cabinetv1.HistoryFilter{}
	}
	return &history{s: h.s, filter: f, tracks: &tracks{s: h.s, reach: reach, eyes: eyes, states: map[string]*fiscalv1.TillState{}}}, nil
}

// page gives rows and the mark of the next page.
func (h *history) page(ctx context.Context, mark string, limit int) ([]*cabinetv1.HistoryRow, string, error) {
	commands := map[string]*cabinetv1.Command{}
	keep := func(p *documents.Past) (bool, error) {
		if p.Command == "" {
			return true, nil
		}
		c, err := h.s.Fleet.Command(ctx, p.OrganisationID, p.Command)
		if errors.Is(err, fleet.ErrNotFound) {
			return false, nil
		}
		commands[p.Command] = c
		return len(h.filter.GetActions()) == 0 || slices.Contains(h.filter.GetActions(), c.GetAction()), err
	}
	list, next, err := h.s.Documents.History(ctx, h.tracks.reach, h.filter, keep, mark, limit)
	if err != nil {
		return nil, "", err
	}
	rows := make([]*cabinetv1.HistoryRow, 0, len(list))
	for _, p := range list {
		who := h.tracks.eyes.of(p.OrganisationID, p.OutletID, p.TillID)
		row := &cabinetv1.HistoryRow{AtMs: p.At / 1000, TillId: p.TillID, Till: p.Till, Outlet: p.Outlet}
		if p.Operation == nil {
			row.What = &cabinetv1.HistoryRow_Command{Command: commandView(who, commands[p.Command])}
		} else {
			till, err := h.tracks.state(ctx, p.OrganisationID, p.TillID)
			if err != nil {
				return nil, "", err
			}
			op := documents.Operation{OrganisationID: p.OrganisationID, OutletID: p.OutletID, TillID: p.TillID, Operation: p.Operation}
			row.What = &cabinetv1.HistoryRow_Operation{Operation: operationView(who, op, till)}
		}
		rows = append(rows, row)
	}
	return rows, next, nil
}

// ListHistory implements HistoryService.
func (h *historyService) ListHistory(ctx context.Context, r *cabinetv1.ListHistoryRequest) (*cabinetv1.ListHistoryResponse, error) {
	list, err := h.open(ctx, r.GetFilter())
	if err != nil {
		return nil, err
	}
	rows, next, err := list.page(ctx, r.GetPage(), pageSize(r.GetLimit()))
	if err != nil {
		return nil, err
	}
	return &cabinetv1.ListHistoryResponse{Rows: rows, NextPage: next}, nil
}

// ExportHistory implements HistoryService.
func (h *historyService) ExportHistory(ctx context.Context, r *cabinetv1.ExportHistoryRequest) (*cabinetv1.ExportHistoryResponse, error) {
	list, err := h.open(ctx, r.GetFilter())
	if err != nil {
		return nil, err
	}
	out, err := export(r.GetFormat(), reports.History, func(mark string, limit int) ([]*cabinetv1.HistoryRow, string, error) {
		return list.page(ctx, mark, limit)
	}, reports.HistoryRow)
	if err != nil {
		return nil, err
	}
	name := "chekan-operations-" + h.s.Now().Format(time.DateOnly) + out.ending
	return &cabinetv1.ExportHistoryResponse{File: out.file, Name: name, Rows: out.rows, Cut: out.cut}, nil
}
