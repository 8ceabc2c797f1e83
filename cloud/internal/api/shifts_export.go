package api

import (
	"context"
	"fmt"
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

// ExportShifts implements DocumentsService; the table of rights asks for money:view.
func (d *documentsService) ExportShifts(ctx context.Context, r *cabinetv1.ExportShiftsRequest) (*cabinetv1.ExportShiftsResponse, error) {
	reach, err := d.s.reach(ctx, access.DocumentsView, access.MoneyView)
	if err != nil {
		return nil, err
	}
	table, ending, err := newTable(r.GetFormat(), reports.Shifts)
	if err != nil {
		return nil, err
	}
	res := &cabinetv1.ExportShiftsResponse{Name: "chekan-shifts-" + d.s.Now().Format(time.DateOnly) + ending}
	ask := &cabinetv1.ListShiftsRequest{}
	if r.GetFilter() != nil {
		ask = proto.CloneOf(r.GetFilter())
	}
	for ask.Page = ""; ; {
		list, next, err := d.s.Documents.FindShifts(ctx, reach, ask, min(exportPage, exportRows-int(res.GetRows())))
		if err != nil {
			return nil, err
		}
		for _, s := range list {
			if err := table.Add(reports.ShiftRow(s.View)); err != nil {
				return nil, fmt.Errorf("write table: %w", err)
			}
			res.Rows++
		}
		if ask.Page = next; next == "" {
			break
		}
		if res.Cut = res.GetRows() >= exportRows; res.GetCut() {
			if err := table.Cut(exportRows); err != nil {
				return nil, fmt.Errorf("write table: %w", err)
			}
			break
		}
	}
	if res.File, err = table.Bytes(); err != nil {
		return nil, fmt.Errorf("write table: %w", err)
	}
	return res, nil
}

// ExportRevenue implements DocumentsService; the table of rights asks for money:view.
func (d *documentsService) ExportRevenue(ctx context.Context, r *cabinetv1.ExportRevenueRequest) (*cabinetv1.ExportRevenueResponse, error) {
	scope, err := d.s.own(ctx, access.MoneyView)
	if err != nil {
		return nil, err
	}
	sums, err := d.s.Documents.Revenue(ctx, scope, r.GetRequest())
	if err != nil {
		return nil, err
	}
	table, ending, err := newTable(r.GetFormat(), reports.Revenue)
	if err != nil {
		return nil, err
	}
	rows := sums.GetSpans()
	if r.GetRequest().GetPlace() != cabinetv1.Place_PLACE_UNSPECIFIED {
		rows = sums.GetPlaces()
	}
	for _, row := range rows {
		if err := table.Add(reports.RevenueRow(row)); err != nil {
			return nil, fmt.Errorf("write table: %w", err)
		}
	}
	res := &cabinetv1.ExportRevenueResponse{
		Name: "chekan-revenue-" + strings.TrimSuffix(r.GetRequest().GetFrom()+"-"+r.GetRequest().GetTo(), "-") + ending, Rows: uint32(len(rows)),
	}
	if res.File, err = table.Bytes(); err != nil {
		return nil, fmt.Errorf("write table: %w", err)
	}
	return res, nil
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
