package api

import (
	"context"
	"encoding/hex"
	"fmt"
	"math"
	"time"

	"connectrpc.com/connect"

	"github.com/chekan-io/chekan/cloud/internal/access"
	"github.com/chekan-io/chekan/cloud/internal/audit"
	"github.com/chekan-io/chekan/cloud/internal/reports"
	"github.com/chekan-io/chekan/cloud/internal/store/db"
	cabinetv1 "github.com/chekan-io/chekan/proto/gen/cabinet/v1"
)

type auditService struct{ s *Server }

func auditFilter(f *cabinetv1.AuditFilter) audit.Filter {
	at := func(ms int64) (t time.Time) {
		if ms > 0 && ms < math.MaxInt64/1000 {
			t = time.UnixMilli(ms)
		}
		return t
	}
	return audit.Filter{Actor: f.GetActor(), Act: f.GetAct(), Object: f.GetObject(), Since: at(f.GetSinceMs()), Until: at(f.GetUntilMs())}
}

func auditLine(a *db.Audit) *cabinetv1.AuditLine {
	return &cabinetv1.AuditLine{
		Number: a.Number, AtMs: a.CreatedAt / 1000, Actor: a.Actor, Address: a.Address, Browser: a.Browser, Act: a.Act, Object: a.Object, Name: a.Name,
		Old: a.Old, New: a.New, Hash: hex.EncodeToString(a.Hash),
	}
}

// ListAudit implements AuditService.
func (a *auditService) ListAudit(ctx context.Context, r *cabinetv1.ListAuditRequest) (*cabinetv1.ListAuditResponse, error) {
	organisation := access.PersonFrom(ctx).OrganisationID
	list, next, err := a.s.Audit.List(ctx, organisation, auditFilter(r.GetFilter()), r.GetBefore(), pageSize(r.GetLimit()))
	if err != nil {
		return nil, err
	}
	res := &cabinetv1.ListAuditResponse{Next: next}
	for i := range list {
		res.Lines = append(res.Lines, auditLine(&list[i]))
	}
	res.Actors, res.Acts, err = a.s.Audit.Words(ctx, organisation)
	return res, err
}

var auditLayout = reports.Layout{Sheet: "Журнал", Rows: "строк", Columns: []reports.Column{
	{Name: "№", Width: 8},
	{Name: "Время (UTC)", Width: 20},
	{Name: "Кто", Width: 24},
	{Name: "Адрес", Width: 18},
	{Name: "Действие", Width: 24},
	{Name: "Над чем", Width: 30},
	{Name: "Было", Width: 40},
	{Name: "Стало", Width: 40},
	{Name: "Хеш", Width: 66},
}}

// ExportAudit implements AuditService.
func (a *auditService) ExportAudit(ctx context.Context, r *cabinetv1.ExportAuditRequest) (*cabinetv1.ExportAuditResponse, error) {
	organisation, filter := access.PersonFrom(ctx).OrganisationID, auditFilter(r.GetFilter())
	out, err := export(r.GetFormat(), auditLayout, func(before int64, limit int) ([]db.Audit, int64, error) {
		return a.s.Audit.List(ctx, organisation, filter, before, limit)
	}, auditRow)
	if err != nil {
		return nil, err
	}
	return &cabinetv1.ExportAuditResponse{File: out.file, Name: "journal" + out.ending, Rows: out.rows, Cut: out.cut}, nil
}

func auditRow(a db.Audit) []reports.Cell {
	return []reports.Cell{
		reports.Number(a.Number), reports.Text(time.UnixMicro(a.CreatedAt).UTC().Format(time.DateTime)), reports.Text(a.Actor), reports.Text(a.Address),
		reports.Text(a.Act), reports.Text(a.Name), reports.Text(a.Old), reports.Text(a.New), reports.Text(hex.EncodeToString(a.Hash)),
	}
}

// VerifyAudit implements AuditService.
func (a *auditService) VerifyAudit(ctx context.Context, r *cabinetv1.VerifyAuditRequest) (*cabinetv1.VerifyAuditResponse, error) {
	known, err := hex.DecodeString(r.GetHash())
	if err != nil {
		return nil, connect.NewError(connect.CodeInvalidArgument, fmt.Errorf("hash %q is not hexadecimal", r.GetHash()))
	}
	v, err := a.s.Audit.Verify(ctx, access.PersonFrom(ctx).OrganisationID, r.GetNumber(), known)
	if err != nil {
		return nil, err
	}
	return &cabinetv1.VerifyAuditResponse{Lines: v.Lines, Broken: v.Broken, Number: v.Number, Hash: hex.EncodeToString(v.Hash)}, nil
}
