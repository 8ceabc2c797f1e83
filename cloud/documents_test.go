package main

import (
	"bytes"
	"testing"

	"connectrpc.com/connect"

	cabinetv1 "github.com/chekan-io/chekan/proto/gen/cabinet/v1"
	fiscalv1 "github.com/chekan-io/chekan/proto/gen/fiscal/v1"
	uplinkv1 "github.com/chekan-io/chekan/proto/gen/uplink/v1"
	"github.com/chekan-io/chekan/proto/pack"
	"github.com/chekan-io/chekan/proto/pack/sample"
	"github.com/chekan-io/chekan/protocol/ffd"
	"github.com/chekan-io/chekan/protocol/fiscal"
)

// copied sends a copy of a document of till "kassa", with the tags that name it and some more.
func (a *agent) copied(t *testing.T, doc *fiscalv1.Document, more ...ffd.Field) {
	t.Helper()
	body := ffd.Document{Type: fiscal.DocumentType(doc.GetType()), Fields: append([]ffd.Field{
		ffd.Text(ffd.TagFN, doc.GetFn()), ffd.Uint(ffd.TagFD, uint64(doc.GetFd())), ffd.Sign(doc.GetFp()), ffd.Uint(ffd.TagFormat, uint64(ffd.V12)),
	}, more...)}.Append(nil)
	a.send(t, &uplinkv1.DocumentCopy{Till: "kassa", Document: doc, Tlv: body})
}

func (a *agent) send(t *testing.T, c *uplinkv1.DocumentCopy) {
	t.Helper()
	dictionary, packed, err := pack.Pack(&uplinkv1.Batch{Entries: []*uplinkv1.Entry{{Copy: c}}})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := a.Push(t.Context(), &uplinkv1.PushRequest{JournalId: "j", Dictionary: dictionary, Packed: packed}); err != nil {
		t.Fatal(err)
	}
}

// TestCopies: a copy comes through the agents' door, the page has slip and tags of it, the file is a PDF, and the agent hears
// where the copies end.
func TestCopies(t *testing.T) {
	each(t, func(t *testing.T, c *cabinet, admin *person) {
		a := enrol(t, c, admin)
		a.report(t, "kassa")
		op := sample.New(4, true).Receipt()
		op.Till = "kassa"
		a.push(t, 1, op)
		doc := op.GetDocument()
		name := &cabinetv1.GetDocumentRequest{Fn: doc.GetFn(), Fd: doc.GetFd()}
		file := &cabinetv1.GetDocumentPDFRequest{Fn: doc.GetFn(), Fd: doc.GetFd()}
		before, err := admin.documents.GetDocument(t.Context(), name)
		if err != nil || before.GetHasCopy() || len(before.GetSlip())+len(before.GetTags()) > 0 || before.GetReceipt() == nil {
			t.Errorf("before the copy: %v %v", before, err)
		}
		if _, err := admin.documents.GetDocumentPDF(t.Context(), file); connect.CodeOf(err) != connect.CodeNotFound {
			t.Errorf("a file of nothing: %v", err)
		}
		a.copied(t, doc, ffd.Sum(ffd.TagTotal, fiscal.Money(doc.GetTotal())))
		after, err := admin.documents.GetDocument(t.Context(), name)
		if err != nil || !after.GetHasCopy() || after.GetCopyDamaged() || len(after.GetSlip()) == 0 || len(after.GetTags()) != 5 {
			t.Errorf("with the copy: %v %v", after, err)
		}
		pdf, err := admin.documents.GetDocumentPDF(t.Context(), file)
		if err != nil || !bytes.HasPrefix(pdf.GetPdf(), []byte("%PDF-")) || pdf.GetName() == "" {
			t.Errorf("file %q of %d bytes: %v", pdf.GetName(), len(pdf.GetPdf()), err)
		}
		broken := &fiscalv1.Document{Fn: doc.GetFn(), Fd: doc.GetFd() + 1, Fp: 5, Type: 3}
		a.send(t, &uplinkv1.DocumentCopy{Till: "kassa", Document: broken, Tlv: []byte("no document")})
		page, err := admin.documents.GetDocument(t.Context(), &cabinetv1.GetDocumentRequest{Fn: broken.GetFn(), Fd: broken.GetFd()})
		if err != nil || !page.GetCopyDamaged() || string(page.GetTags()[0].GetRaw()) != "no document" {
			t.Errorf("a damaged copy: %v %v", page, err)
		}
		if pdf, err := admin.documents.GetDocumentPDF(t.Context(), &cabinetv1.GetDocumentPDFRequest{Fn: broken.GetFn(), Fd: broken.GetFd()}); err != nil || len(pdf.GetPdf()) == 0 {
			t.Errorf("the file of a damaged copy: %v", err)
		}
		list, err := admin.documents.ListDocuments(t.Context(), &cabinetv1.ListDocumentsRequest{TillId: admin.till(t).GetId(), Types: []uint32{1, 11}})
		if err != nil || len(list.GetDocuments()) != 0 {
			t.Errorf("receipts among registrations: %v %v", list, err)
		}
		hello, err := a.Hello(t.Context(), &uplinkv1.HelloRequest{JournalId: "j", Tills: []*fiscalv1.TillState{{Till: "kassa", Fn: doc.GetFn()}}})
		if err != nil || hello.GetCapability() < 3 || len(hello.GetCopies()) != 1 || hello.GetCopies()[0].GetFd() != broken.GetFd() {
			t.Errorf("the agent hears %v %v", hello, err)
		}
	})
}
