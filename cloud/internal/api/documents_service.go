package api

import (
	"context"

	"github.com/chekan-io/chekan/cloud/internal/access"
	cabinetv1 "github.com/chekan-io/chekan/proto/gen/cabinet/v1"
	"github.com/chekan-io/chekan/proto/gen/cabinet/v1/cabinetv1connect"
)

var _ cabinetv1connect.DocumentsServiceHandler = (*documentsService)(nil)

type documentsService struct{ s *Server }

// ListOperations implements DocumentsService.
func (d *documentsService) ListOperations(ctx context.Context, r *cabinetv1.ListOperationsRequest) (*cabinetv1.ListOperationsResponse, error) {
	p := access.PersonFrom(ctx)
	list, next, err := d.s.Documents.Operations(ctx, p.OrganisationID, r.GetTillId(), r.GetPage(), pageSize(r.GetLimit()))
	if err != nil {
		return nil, err
	}
	res := &cabinetv1.ListOperationsResponse{NextPage: next}
	for _, o := range list {
		res.Operations = append(res.Operations, operationView(p, o))
	}
	return res, nil
}

// ListDocuments implements DocumentsService.
func (d *documentsService) ListDocuments(ctx context.Context, r *cabinetv1.ListDocumentsRequest) (*cabinetv1.ListDocumentsResponse, error) {
	p := access.PersonFrom(ctx)
	list, next, err := d.s.Documents.Documents(ctx, p.OrganisationID, r.GetTillId(), r.GetPage(), pageSize(r.GetLimit()))
	if err != nil {
		return nil, err
	}
	res := &cabinetv1.ListDocumentsResponse{NextPage: next}
	for _, doc := range list {
		res.Documents = append(res.Documents, documentView(p, doc))
	}
	return res, nil
}

// GetDocument implements DocumentsService.
func (d *documentsService) GetDocument(ctx context.Context, r *cabinetv1.GetDocumentRequest) (*cabinetv1.GetDocumentResponse, error) {
	p := access.PersonFrom(ctx)
	doc, err := d.s.Documents.Document(ctx, p.OrganisationID, r.GetFn(), r.GetFd())
	if err != nil {
		return nil, err
	}
	res := &cabinetv1.GetDocumentResponse{Document: documentView(p, doc)}
	if p.Can(access.MoneyView) {
		res.Receipt, res.Cashier = doc.Operation.GetReceipt(), doc.Operation.GetCashier()
	}
	return res, nil
}
