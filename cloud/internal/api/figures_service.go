package api

import (
	"context"
	"fmt"
	"strings"
	"time"

	"connectrpc.com/connect"
	"google.golang.org/protobuf/proto"

	"github.com/chekan-io/chekan/cloud/internal/access"
	"github.com/chekan-io/chekan/cloud/internal/documents"
	"github.com/chekan-io/chekan/cloud/internal/reports"
	cabinetv1 "github.com/chekan-io/chekan/proto/gen/cabinet/v1"
	fiscalv1 "github.com/chekan-io/chekan/proto/gen/fiscal/v1"
)

// query checks a filter. Who may not see money may not look for it either: what is found would tell it.
func (d *documentsService) query(ctx context.Context, f *cabinetv1.DocumentFilter, also ...access.Permission) (*documents.Query, *tracks, error) {
	p := access.PersonFrom(ctx)
	if f == nil {
		f = &cabinetv1.DocumentFilter{}
	}
	needs := []access.Permission{access.DocumentsView}
	if documents.NeedsMoney(f) {
		needs = append(needs, access.MoneyView)
	}
	if documents.NeedsMoney(f) && !p.Can(access.MoneyView) {
		return nil, nil, connect.NewError(connect.CodePermissionDenied, fmt.Errorf("a search by sums, goods or people needs %s", access.MoneyView))
	}
	needs = append(needs, also...)
	all, eyes, err := d.s.sight(ctx, needs...)
	if err != nil {
		return nil, nil, err
	}
	reach, tills, err := d.s.part(ctx, all, f.GetNodeId(), f.GetTillIds(), needs...)
	if err != nil {
		return nil, nil, err
	}
	f = proto.CloneOf(f)
	f.TillIds = tills
	t := &tracks{s: d.s, reach: all, eyes: eyes, states: map[string]*fiscalv1.TillState{}}
	if f.GetOfd() != fiscalv1.OFDTrack_OFD_TRACK_UNSPECIFIED || f.GetRnm() != "" {
		tills, err := d.s.Fleet.Tills(ctx, all)
		if err != nil {
			return nil, nil, err
		}
		for _, till := range tills {
			t.states[till.ID] = till.State
		}
	}
	q, err := d.s.Documents.NewQuery(ctx, reach, f, t.states, func(doc documents.Document) fiscalv1.OFDTrack {
		return trackOf(doc, t.states[doc.TillID])
	})
	return q, t, err
}

// tracks remembers the states of tills while rows of a list are built.
type tracks struct {
	s      *Server
	reach  access.Reach
	eyes   eyes
	states map[string]*fiscalv1.TillState
}

func (t *tracks) state(ctx context.Context, organisation, till string) (*fiscalv1.TillState, error) {
	state, known := t.states[till]
	if known {
		return state, nil
	}
	state, err := t.s.tillState(ctx, organisation, till)
	if err == nil {
		t.states[till] = state
	}
	return state, err
}

// trackOf tells whether the operator has a document, asked for by us or not.
func trackOf(d documents.Document, till *fiscalv1.TillState) fiscalv1.OFDTrack {
	op := d.Operation
	if op == nil {
		op = &fiscalv1.Operation{Document: d.Document, EndedMs: d.Stored.UnixMilli()}
	}
	return ofdTrack(op, till)
}

func foundView(p *access.Person, f documents.Found, till *fiscalv1.TillState) *cabinetv1.FoundDocument {
	row := f.Row
	v := &cabinetv1.FoundDocument{Document: documentView(p, f.Document, till), Till: row.Till, Outlet: row.Outlet, Positions: uint32(row.Positions)}
	v.Sources = sourcesOf(f, v.GetDocument())
	if !p.Can(access.MoneyView) {
		return v
	}
	v.Payments = &cabinetv1.PaymentSums{Cash: row.Cash, Electronic: row.Electronic, Prepaid: row.Prepaid, Credit: row.Credit, Barter: row.Barter}
	v.Vat, v.Cashier, v.Buyer = documents.VAT(row.Vat), row.Cashier, row.Buyer
	return v
}

// found gives a page of what a query finds, as the caller may see it.
func (t *tracks) found(ctx context.Context, q *documents.Query, page string, limit int) ([]*cabinetv1.FoundDocument, string, error) {
	list, next, err := t.s.Documents.Search(ctx, q, page, limit)
	if err != nil {
		return nil, "", err
	}
	views := make([]*cabinetv1.FoundDocument, 0, len(list))
	for _, f := range list {
		till, err := t.state(ctx, f.OrganisationID, f.TillID)
		if err != nil {
			return nil, "", err
		}
		views = append(views, foundView(t.eyes.of(f.OrganisationID, f.OutletID, f.TillID), f, till))
	}
	return views, next, nil
}

// SearchDocuments implements DocumentsService.
func (d *documentsService) SearchDocuments(ctx context.Context, r *cabinetv1.SearchDocumentsRequest) (*cabinetv1.SearchDocumentsResponse, error) {
	q, t, err := d.query(ctx, r.GetFilter())
	if err != nil {
		return nil, err
	}
	list, next, err := t.found(ctx, q, r.GetPage(), pageSize(r.GetLimit()))
	if err != nil {
		return nil, err
	}
	res := &cabinetv1.SearchDocumentsResponse{Documents: list, NextPage: next, Any: len(list) > 0}
	if !res.GetAny() {
		if res.Any, err = d.s.Documents.Any(ctx, t.reach); err != nil {
			return nil, err
		}
	}
	return res, nil
}

// ExportDocuments implements DocumentsService.
func (d *documentsService) ExportDocuments(ctx context.Context, r *cabinetv1.ExportDocumentsRequest) (*cabinetv1.ExportDocumentsResponse, error) {
	q, t, err := d.query(ctx, r.GetFilter(), access.MoneyView)
	if err != nil {
		return nil, err
	}
	out, err := export(r.GetFormat(), reports.Documents, func(mark string, limit int) ([]*cabinetv1.FoundDocument, string, error) {
		return t.found(ctx, q, mark, limit)
	}, reports.Row)
	if err != nil {
		return nil, err
	}
	name := "chekan-documents-" + d.s.Now().Format(time.DateOnly) + out.ending
	return &cabinetv1.ExportDocumentsResponse{File: out.file, Name: name, Rows: out.rows, Cut: out.cut}, nil
}

// shiftView leaves out everything that is money for who may not see it.
func shiftView(p *access.Person, s *cabinetv1.Shift) *cabinetv1.Shift {
	if p.Can(access.MoneyView) {
		return s
	}
	return &cabinetv1.Shift{
		Fn: s.GetFn(), Number: s.GetNumber(), TillId: s.GetTillId(), Till: s.GetTill(), Outlet: s.GetOutlet(), OpenedAt: s.GetOpenedAt(),
		ClosedAt: s.GetClosedAt(), Day: s.GetDay(), Receipts: s.GetReceipts(), Counted: s.GetCounted(), OpenedFd: s.GetOpenedFd(), ClosedFd: s.GetClosedFd(),
		Missing: s.GetMissing(),
	}
}

// ListShifts implements DocumentsService.
func (d *documentsService) ListShifts(ctx context.Context, r *cabinetv1.ListShiftsRequest) (*cabinetv1.ListShiftsResponse, error) {
	eyes, err := d.s.eyes(ctx)
	if err != nil {
		return nil, err
	}
	reach, r, err := d.shiftsOf(ctx, r, shiftNeeds(r)...)
	if err != nil {
		return nil, err
	}
	list, next, err := d.s.Documents.FindShifts(ctx, reach, r, pageSize(r.GetLimit()))
	if err != nil {
		return nil, err
	}
	res := &cabinetv1.ListShiftsResponse{NextPage: next}
	for _, s := range list {
		res.Shifts = append(res.Shifts, shiftView(eyes.of(s.OrganisationID, s.OutletID, s.View.GetTillId()), s.View))
	}
	return res, nil
}

// GetShift implements DocumentsService.
func (d *documentsService) GetShift(ctx context.Context, r *cabinetv1.GetShiftRequest) (*cabinetv1.GetShiftResponse, error) {
	p, err := d.s.shift(ctx, access.DocumentsView, r.GetFn(), r.GetNumber())
	if err != nil {
		return nil, err
	}
	s, err := d.s.Documents.Shift(ctx, p.OrganisationID, r.GetFn(), r.GetNumber())
	if err != nil {
		return nil, err
	}
	if err := d.s.Documents.ExplainShift(ctx, p.OrganisationID, s); err != nil {
		return nil, err
	}
	return &cabinetv1.GetShiftResponse{Shift: shiftView(p, s)}, nil
}

// revenueOf adds up what a request asks for, where the caller may see money.
func (d *documentsService) revenueOf(ctx context.Context, r *cabinetv1.GetRevenueRequest) (*cabinetv1.GetRevenueResponse, error) {
	scope, till, err := d.s.ownPart(ctx, r.GetNodeId(), r.GetTillId(), access.MoneyView)
	if err != nil {
		return nil, err
	}
	ask := &cabinetv1.GetRevenueRequest{}
	proto.Merge(ask, r)
	ask.TillId = till
	return d.s.Documents.Revenue(ctx, scope, ask)
}

// productsOf is revenueOf for goods.
func (d *documentsService) productsOf(ctx context.Context, r *cabinetv1.ListProductsRequest, page string, limit int) (*cabinetv1.ListProductsResponse, error) {
	scope, till, err := d.s.ownPart(ctx, r.GetNodeId(), r.GetTillId(), access.MoneyView)
	if err != nil {
		return nil, err
	}
	ask := &cabinetv1.ListProductsRequest{}
	proto.Merge(ask, r)
	ask.TillId, ask.Page = till, page
	return d.s.Documents.Products(ctx, scope, ask, limit)
}

// GetRevenue implements DocumentsService; the table of rights asks for money:view.
func (d *documentsService) GetRevenue(ctx context.Context, r *cabinetv1.GetRevenueRequest) (*cabinetv1.GetRevenueResponse, error) {
	return d.revenueOf(ctx, r)
}

// ListProducts implements DocumentsService; the table of rights asks for money:view.
func (d *documentsService) ListProducts(ctx context.Context, r *cabinetv1.ListProductsRequest) (*cabinetv1.ListProductsResponse, error) {
	return d.productsOf(ctx, r, r.GetPage(), pageSize(r.GetLimit()))
}

// ExportProducts implements DocumentsService; the table of rights asks for money:view.
func (d *documentsService) ExportProducts(ctx context.Context, r *cabinetv1.ExportProductsRequest) (*cabinetv1.ExportProductsResponse, error) {
	all, err := d.productsOf(ctx, r.GetFilter(), "", exportRows+1)
	if err != nil {
		return nil, err
	}
	out, err := export(r.GetFormat(), reports.Products, pagesOf(all.GetProducts()), reports.ProductRow)
	if err != nil {
		return nil, err
	}
	name := "chekan-goods-" + strings.TrimSuffix(r.GetFilter().GetFrom()+"-"+r.GetFilter().GetTo(), "-") + out.ending
	return &cabinetv1.ExportProductsResponse{File: out.file, Name: name, Rows: out.rows, Cut: out.cut}, nil
}

// ListGaps implements DocumentsService.
func (d *documentsService) ListGaps(ctx context.Context, r *cabinetv1.ListGapsRequest) (*cabinetv1.ListGapsResponse, error) {
	all, eyes, err := d.s.sight(ctx, access.DocumentsView)
	if err != nil {
		return nil, err
	}
	reach, one, err := d.s.part(ctx, all, r.GetNodeId(), oneOrNone(r.GetTillId()), access.DocumentsView)
	if err != nil {
		return nil, err
	}
	list, cut, err := d.s.Documents.Gaps(ctx, reach, strings.Join(one, ""))
	if err != nil {
		return nil, err
	}
	tills, err := d.s.Fleet.Tills(ctx, all)
	if err != nil {
		return nil, err
	}
	names := map[string]string{}
	for _, t := range tills {
		names[t.ID] = t.Name
	}
	res := &cabinetv1.ListGapsResponse{Cut: cut}
	for _, at := range list {
		g := at.View
		p := eyes.of(at.OrganisationID, at.OutletID, g.GetTillId())
		v := &cabinetv1.Gap{Fn: g.GetFn(), TillId: g.GetTillId(), Till: names[g.GetTillId()], First: g.GetFirst(), Last: g.GetLast(), Cause: g.GetCause()}
		v.Before, v.After = documentFor(p, g.GetBefore()), documentFor(p, g.GetAfter())
		res.Gaps = append(res.Gaps, v)
	}
	return res, nil
}

func documentFor(p *access.Person, doc *fiscalv1.Document) *fiscalv1.Document {
	if p.Can(access.MoneyView) {
		return doc
	}
	return moneylessDocument(doc)
}

// ListOutlets implements DocumentsService.
func (d *documentsService) ListOutlets(ctx context.Context, _ *cabinetv1.ListOutletsRequest) (*cabinetv1.ListOutletsResponse, error) {
	reach, err := d.s.reach(ctx, access.TillsView)
	if err != nil {
		return nil, err
	}
	list, err := d.s.Documents.Outlets(ctx, reach)
	if err != nil {
		return nil, err
	}
	return &cabinetv1.ListOutletsResponse{Outlets: list}, nil
}
