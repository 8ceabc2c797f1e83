package api

import (
	"context"
	"strings"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/chekan-io/chekan/cloud/internal/access"
	"github.com/chekan-io/chekan/cloud/internal/documents"
	"github.com/chekan-io/chekan/cloud/internal/reports"
	cabinetv1 "github.com/chekan-io/chekan/proto/gen/cabinet/v1"
	fiscalv1 "github.com/chekan-io/chekan/proto/gen/fiscal/v1"
)

// shiftNeeds is what a list of shifts needs: where counters differ, sums are told.
func shiftNeeds(r *cabinetv1.ListShiftsRequest) []access.Permission {
	if r.GetDifferent() {
		return []access.Permission{access.DocumentsView, access.MoneyView}
	}
	return []access.Permission{access.DocumentsView}
}

// shiftsOf gives what a request for shifts is about, and where.
func (d *documentsService) shiftsOf(ctx context.Context, r *cabinetv1.ListShiftsRequest, needs ...access.Permission) (access.Reach, *cabinetv1.ListShiftsRequest, error) {
	reach, err := d.s.reach(ctx, needs...)
	if err != nil {
		return nil, nil, err
	}
	reach, tills, err := d.s.part(ctx, reach, r.GetNodeId(), r.GetTillIds(), needs...)
	ask := &cabinetv1.ListShiftsRequest{}
	proto.Merge(ask, r)
	ask.TillIds = tills
	return reach, ask, err
}

// ExportShifts implements DocumentsService; the table of rights asks for money:view.
func (d *documentsService) ExportShifts(ctx context.Context, r *cabinetv1.ExportShiftsRequest) (*cabinetv1.ExportShiftsResponse, error) {
	reach, ask, err := d.shiftsOf(ctx, r.GetFilter(), access.DocumentsView, access.MoneyView)
	if err != nil {
		return nil, err
	}
	out, err := export(r.GetFormat(), reports.Shifts, func(mark string, limit int) ([]documents.Shift, string, error) {
		ask.Page = mark
		return d.s.Documents.FindShifts(ctx, reach, ask, limit)
	}, func(s documents.Shift) []reports.Cell { return reports.ShiftRow(s.View) })
	if err != nil {
		return nil, err
	}
	name := "chekan-shifts-" + d.s.Now().Format(time.DateOnly) + out.ending
	return &cabinetv1.ExportShiftsResponse{File: out.file, Name: name, Rows: out.rows, Cut: out.cut}, nil
}

// ExportRevenue implements DocumentsService; the table of rights asks for money:view.
func (d *documentsService) ExportRevenue(ctx context.Context, r *cabinetv1.ExportRevenueRequest) (*cabinetv1.ExportRevenueResponse, error) {
	sums, err := d.revenueOf(ctx, r.GetRequest())
	if err != nil {
		return nil, err
	}
	rows := sums.GetSpans()
	if r.GetRequest().GetPlace() != cabinetv1.Place_PLACE_UNSPECIFIED {
		rows = sums.GetPlaces()
	}
	out, err := export(r.GetFormat(), reports.Revenue, pagesOf(rows), reports.RevenueRow)
	if err != nil {
		return nil, err
	}
	name := "chekan-revenue-" + strings.TrimSuffix(r.GetRequest().GetFrom()+"-"+r.GetRequest().GetTo(), "-") + out.ending
	return &cabinetv1.ExportRevenueResponse{File: out.file, Name: name, Rows: out.rows, Cut: out.cut}, nil
}

// sourcesOf tells where a document is known from.
func sourcesOf(f documents.Found, v *cabinetv1.DocumentView) []cabinetv1.DocumentSource {
	var list []cabinetv1.DocumentSource
	if f.Operation != nil {
		list = append(list, cabinetv1.DocumentSource_DOCUMENT_SOURCE_AGENT)
	}
	if f.Row.Copied {
		list = append(list, cabinetv1.DocumentSource_DOCUMENT_SOURCE_FN)
	}
	if v.GetOfd() == fiscalv1.OFDTrack_OFD_TRACK_DELIVERED {
		list = append(list, cabinetv1.DocumentSource_DOCUMENT_SOURCE_OFD)
	}
	return list
}
