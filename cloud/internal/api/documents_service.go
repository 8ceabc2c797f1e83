package api

import (
	"context"
	"fmt"

	"github.com/chekan-io/chekan/cloud/internal/access"
	"github.com/chekan-io/chekan/cloud/internal/documents"
	"github.com/chekan-io/chekan/cloud/internal/reports"
	cabinetv1 "github.com/chekan-io/chekan/proto/gen/cabinet/v1"
	"github.com/chekan-io/chekan/proto/gen/cabinet/v1/cabinetv1connect"
)

var _ cabinetv1connect.DocumentsServiceHandler = (*documentsService)(nil)

type documentsService struct{ s *Server }

// ListOperations implements DocumentsService.
func (d *documentsService) ListOperations(ctx context.Context, r *cabinetv1.ListOperationsRequest) (*cabinetv1.ListOperationsResponse, error) {
	p, scope, err := d.s.scopeAt(ctx, access.DocumentsView, r.GetTillId())
	if err != nil {
		return nil, err
	}
	list, next, err := d.s.Documents.Operations(ctx, scope, r.GetTillId(), r.GetPage(), pageSize(r.GetLimit()))
	if err != nil {
		return nil, err
	}
	till, err := d.s.tillState(ctx, scope.OrganisationID, r.GetTillId())
	if err != nil {
		return nil, err
	}
	res := &cabinetv1.ListOperationsResponse{NextPage: next}
	for _, o := range list {
		res.Operations = append(res.Operations, operationView(p, o, till))
	}
	return res, nil
}

// ListUndecided implements DocumentsService.
func (d *documentsService) ListUndecided(ctx context.Context, _ *cabinetv1.ListUndecidedRequest) (*cabinetv1.ListUndecidedResponse, error) {
	reach, eyes, err := d.s.sight(ctx, access.DocumentsView)
	if err != nil {
		return nil, err
	}
	list, err := d.s.Documents.Undecided(ctx, reach, pageLimit)
	if err != nil {
		return nil, err
	}
	res := &cabinetv1.ListUndecidedResponse{}
	for _, o := range list {
		res.Operations = append(res.Operations, operationView(eyes.of(o.OrganisationID, o.OutletID, o.TillID), o, nil)) // without a document there is nothing the operator could have
	}
	return res, nil
}

// ListDocuments implements DocumentsService.
func (d *documentsService) ListDocuments(ctx context.Context, r *cabinetv1.ListDocumentsRequest) (*cabinetv1.ListDocumentsResponse, error) {
	p, scope, err := d.s.scopeAt(ctx, access.DocumentsView, r.GetTillId())
	if err != nil {
		return nil, err
	}
	list, next, err := d.s.Documents.Documents(ctx, scope, r.GetTillId(), r.GetTypes(), r.GetPage(), pageSize(r.GetLimit()))
	if err != nil {
		return nil, err
	}
	till, err := d.s.tillState(ctx, scope.OrganisationID, r.GetTillId())
	if err != nil {
		return nil, err
	}
	res := &cabinetv1.ListDocumentsResponse{NextPage: next}
	for _, doc := range list {
		res.Documents = append(res.Documents, documentView(p, doc, till))
	}
	return res, nil
}

// GetDocument implements DocumentsService.
func (d *documentsService) GetDocument(ctx context.Context, r *cabinetv1.GetDocumentRequest) (*cabinetv1.GetDocumentResponse, error) {
	p, err := d.s.document(ctx, access.DocumentsView, r.GetFn(), r.GetFd())
	if err != nil {
		return nil, err
	}
	doc, err := d.s.Documents.Document(ctx, p.OrganisationID, r.GetFn(), r.GetFd())
	if err != nil {
		return nil, err
	}
	till, err := d.s.tillState(ctx, p.OrganisationID, doc.TillID)
	if err != nil {
		return nil, err
	}
	copied, err := d.s.Documents.Copy(ctx, p.OrganisationID, r.GetFn(), r.GetFd())
	if err != nil {
		return nil, err
	}
	sheet := copied.Sheet(doc)
	res := &cabinetv1.GetDocumentResponse{
		Document: documentView(p, doc, till), HasCopy: copied.Body != nil, CopyDamaged: sheet.Damaged, CopyContradicted: copied.Contradicted,
	}
	if p.Can(access.MoneyView) { // slip and tags are sums, goods, buyers and names from end to end
		res.Receipt, res.Cashier = doc.Operation.GetReceipt(), doc.Operation.GetCashier()
		res.Slip, res.Tags = sheet.Slip, sheet.Tags
	}
	return res, nil
}

// GetDocumentPDF implements DocumentsService.
func (d *documentsService) GetDocumentPDF(ctx context.Context, r *cabinetv1.GetDocumentPDFRequest) (*cabinetv1.GetDocumentPDFResponse, error) {
	p, err := d.s.document(ctx, access.MoneyView, r.GetFn(), r.GetFd())
	if err != nil {
		return nil, err
	}
	doc, err := d.s.Documents.Document(ctx, p.OrganisationID, r.GetFn(), r.GetFd())
	if err != nil {
		return nil, err
	}
	copied, err := d.s.Documents.Copy(ctx, p.OrganisationID, r.GetFn(), r.GetFd())
	if err != nil {
		return nil, err
	}
	if copied.Body == nil {
		return nil, fmt.Errorf("copy of document %d of %s: %w", r.GetFd(), r.GetFn(), documents.ErrNotFound)
	}
	sheet := copied.Sheet(doc)
	pdf, err := reports.PDF(reports.Sheet{
		Title:   fmt.Sprintf("%s, ФД %d", documents.Title(doc.Document.GetType()), r.GetFd()),
		Columns: documents.Columns, Slip: sheet.Slip, Tags: sheet.Tags, Stored: doc.Stored,
	})
	if err != nil {
		return nil, fmt.Errorf("document %d of %s: %w", r.GetFd(), r.GetFn(), err)
	}
	return &cabinetv1.GetDocumentPDFResponse{Pdf: pdf, Name: fmt.Sprintf("%s-%d.pdf", r.GetFn(), r.GetFd())}, nil
}
