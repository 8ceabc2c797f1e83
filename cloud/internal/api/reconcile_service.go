package api

import (
	"context"

	"github.com/chekan-io/chekan/cloud/internal/access"
	cabinetv1 "github.com/chekan-io/chekan/proto/gen/cabinet/v1"
)

// ReconcileDocuments implements DocumentsService; the table of rights asks for money:view.
func (d *documentsService) ReconcileDocuments(ctx context.Context, r *cabinetv1.ReconcileDocumentsRequest) (*cabinetv1.ReconcileDocumentsResponse, error) {
	scope, err := d.s.own(ctx, access.DocumentsView, access.MoneyView)
	if err != nil {
		return nil, err
	}
	list, err := d.s.Documents.Reconcile(ctx, scope, r.GetReceipts())
	if err != nil {
		return nil, err
	}
	return &cabinetv1.ReconcileDocumentsResponse{Receipts: list}, nil
}
