package documents

import (
	"bytes"
	"fmt"
	"hash/crc32"
	"testing"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/testing/protocmp"

	"github.com/chekan-io/chekan/cloud/internal/access"
	"github.com/chekan-io/chekan/cloud/internal/store/db"
	fiscalv1 "github.com/chekan-io/chekan/proto/gen/fiscal/v1"
	uplinkv1 "github.com/chekan-io/chekan/proto/gen/uplink/v1"
	"github.com/chekan-io/chekan/proto/pack/sample"
	"github.com/chekan-io/chekan/protocol/ffd"
	"github.com/chekan-io/chekan/protocol/fiscal"
)

// written is the document as a fiscal memory stores it.
func written(doc *fiscalv1.Document, more ...ffd.Field) []byte {
	at, err := fiscal.ParseDateTime(doc.GetAt())
	if err != nil {
		panic(err)
	}
	fields := []ffd.Field{
		ffd.Text(ffd.TagFN, doc.GetFn()), ffd.Uint(ffd.TagFD, uint64(doc.GetFd())), ffd.Time(ffd.TagTime, at), ffd.Sign(doc.GetFp()),
		ffd.Uint(ffd.TagShift, uint64(doc.GetShift())), ffd.Uint(ffd.TagFormat, uint64(ffd.V12)),
	}
	if doc.GetType() == 3 {
		fields = append(fields, ffd.Uint(ffd.TagSettlement, uint64(doc.GetKind())), ffd.Sum(ffd.TagTotal, fiscal.Money(doc.GetTotal())),
			ffd.Uint(ffd.TagReceiptNumber, uint64(doc.GetReceipt())))
	}
	return ffd.Document{Type: fiscal.DocumentType(doc.GetType()), Fields: append(fields, more...)}.Append(nil)
}

func copyOf(till string, doc *fiscalv1.Document, more ...ffd.Field) *uplinkv1.DocumentCopy {
	return &uplinkv1.DocumentCopy{Till: till, Document: doc, Tlv: written(doc, more...)}
}

func (w *world) pushCopies(t *testing.T, agent *access.Agent, copies ...*uplinkv1.DocumentCopy) {
	t.Helper()
	b := new(uplinkv1.Batch)
	for _, c := range copies {
		b.Entries = append(b.Entries, &uplinkv1.Entry{Copy: c})
	}
	if _, err := w.Push(t.Context(), agent, "j", b); err != nil {
		t.Fatal(err)
	}
}

func (w *world) copy(t *testing.T, agent *access.Agent, doc *fiscalv1.Document) Copy {
	t.Helper()
	c, err := w.Copy(t.Context(), agent.OrganisationID, doc.GetFn(), doc.GetFd())
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func (w *world) document(t *testing.T, agent *access.Agent, doc *fiscalv1.Document) Document {
	t.Helper()
	d, err := w.Document(t.Context(), agent.OrganisationID, doc.GetFn(), doc.GetFd())
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// sale is a receipt of a shop whose document has everything a copy tells again.
func sale(seed uint64) *fiscalv1.Operation {
	op := sample.New(seed, true).Receipt()
	op.Till, op.Kind = "kassa", fiscalv1.Kind_KIND_SALE
	op.Document.Kind, op.Document.Type = op.Kind, 3
	return op
}

// TestCopy: copies come before, with and after the operations, repeated and in any order; each document is there once, counts
// once, knows its operation, and its copy is byte for byte what came.
func TestCopy(t *testing.T) {
	entry := func(cursor uint64, op *fiscalv1.Operation) *uplinkv1.Batch {
		return &uplinkv1.Batch{Entries: []*uplinkv1.Entry{{Cursor: cursor, Operation: op}}}
	}
	both(t, func(t *testing.T, w *world) {
		agent := w.agents[0]
		for name, order := range map[string]func(op *fiscalv1.Operation, c *uplinkv1.DocumentCopy) []*uplinkv1.Batch{
			"operation first": func(op *fiscalv1.Operation, c *uplinkv1.DocumentCopy) []*uplinkv1.Batch {
				return []*uplinkv1.Batch{entry(1, op), {Entries: []*uplinkv1.Entry{{Copy: c}}}}
			},
			"copy first": func(op *fiscalv1.Operation, c *uplinkv1.DocumentCopy) []*uplinkv1.Batch {
				return []*uplinkv1.Batch{{Entries: []*uplinkv1.Entry{{Copy: c}}}, entry(1, op)}
			},
			"copy and operation in one batch": func(op *fiscalv1.Operation, c *uplinkv1.DocumentCopy) []*uplinkv1.Batch {
				return []*uplinkv1.Batch{{Entries: []*uplinkv1.Entry{{Copy: c}, {Cursor: 1, Operation: op}}}}
			},
			"a fact without shift first": func(op *fiscalv1.Operation, c *uplinkv1.DocumentCopy) []*uplinkv1.Batch {
				bare := proto.CloneOf(c)
				bare.Tlv = nil
				bare.Document.Shift, bare.Document.Receipt = 0, 0
				return []*uplinkv1.Batch{{Entries: []*uplinkv1.Entry{{Copy: bare}}}, entry(1, op), {Entries: []*uplinkv1.Entry{{Copy: c}}}}
			},
		} {
			t.Run(name, func(t *testing.T) {
				op := sale(uint64(len(name)))
				op.Key, op.Document.Fn, op.Document.Shift = name, fmt.Sprintf("99990789%08d", len(name)), 5
				c := copyOf("kassa", proto.CloneOf(op.GetDocument()))
				batches := order(op, c)
				for range 2 {
					for _, b := range batches {
						if _, err := w.Push(t.Context(), agent, "journal "+name, b); err != nil {
							t.Fatal(err)
						}
					}
				}
				d := w.document(t, agent, op.GetDocument())
				want := proto.CloneOf(op.GetDocument())
				if diff := cmp.Diff(want, d.Document, protocmp.Transform()); diff != "" {
					t.Error(diff)
				}
				if d.Operation.GetKey() != op.GetKey() {
					t.Errorf("the document does not know its operation: %q", d.Operation.GetKey())
				}
				got := w.copy(t, agent, op.GetDocument())
				if !bytes.Equal(got.Body, c.GetTlv()) || got.Contradicted {
					t.Errorf("copy of %d bytes, want %d; contradicted %v", len(got.Body), len(c.GetTlv()), got.Contradicted)
				}
				shift, err := w.store.Read().GetShift(t.Context(), db.GetShiftParams{OrganisationID: agent.OrganisationID, FN: want.GetFn(), Number: 5})
				if err != nil || shift.Receipts != 1 || shift.Sales != want.GetTotal() {
					t.Errorf("the shift counts %d receipts and %d, want 1 and %d: %v", shift.Receipts, shift.Sales, want.GetTotal(), err)
				}
			})
		}
	})
}

// TestCopy_foreign: a document that no operation of ours made is known by its copy, with what its tags tell.
func TestCopy_foreign(t *testing.T) {
	both(t, func(t *testing.T, w *world) {
		agent := w.agents[0]
		receipt := sale(11).GetDocument()
		bare := &fiscalv1.Document{Fn: receipt.GetFn(), Fd: receipt.GetFd(), Fp: receipt.GetFp()} // an archive that tells little
		c := &uplinkv1.DocumentCopy{Till: "kassa", Document: bare, Tlv: written(receipt)}
		report := &fiscalv1.Document{Fn: receipt.GetFn(), Fd: receipt.GetFd() + 1, Fp: 77, Type: 1, At: "2026-03-04T05:06"}
		w.pushCopies(t, agent, c, copyOf("kassa", report, ffd.Text(ffd.TagUser, "ООО Ромашка"), ffd.Text(ffd.TagINN, "7702203276")))
		d := w.document(t, agent, receipt)
		want := proto.CloneOf(receipt)
		want.Qr, want.Ticket = "", false
		if diff := cmp.Diff(want, d.Document, protocmp.Transform()); diff != "" || d.Operation != nil {
			t.Errorf("%v\n%s", d.Operation, diff)
		}
		list, _, err := w.Documents.Documents(t.Context(), everything(agent.OrganisationID), d.TillID, nil, "", 50)
		if err != nil || len(list) != 2 {
			t.Fatalf("%d documents of the till, want receipt and report: %v", len(list), err)
		}
		for _, forms := range [][]uint32{{1, 11, 6}, {3, 4}, {2, 5}} {
			list, _, err := w.Documents.Documents(t.Context(), everything(agent.OrganisationID), d.TillID, forms, "", 50)
			if err != nil {
				t.Fatal(err)
			}
			var got []uint32
			for _, d := range list {
				got = append(got, d.Document.GetType())
			}
			if wanted := map[uint32][]uint32{1: {1}, 3: {3}, 2: nil}[forms[0]]; !cmp.Equal(got, wanted) {
				t.Errorf("forms %v give %v", forms, got)
			}
		}
		if _, _, err := w.Documents.Documents(t.Context(), everything(agent.OrganisationID), d.TillID, []uint32{1, 2, 3, 4, 5}, "", 50); err == nil {
			t.Error("five forms at once are taken")
		}
		if got := w.copy(t, agent, receipt).Registration; got.User != "ООО Ромашка" || got.INN != "7702203276" {
			t.Errorf("registration %+v", got)
		}
	})
}

// TestCopy_contradicts: what says otherwise is kept, marked, and never shown as the document.
func TestCopy_contradicts(t *testing.T) {
	both(t, func(t *testing.T, w *world) {
		agent := w.agents[0]
		for name, change := range map[string]func(c *uplinkv1.DocumentCopy){
			"another fiscal sign":      func(c *uplinkv1.DocumentCopy) { c.Document.Fp++; c.Tlv = written(c.GetDocument()) },
			"tags of another document": func(c *uplinkv1.DocumentCopy) { d := proto.CloneOf(c.GetDocument()); d.Fd++; c.Tlv = written(d) },
			"tags of another memory":   func(c *uplinkv1.DocumentCopy) { d := proto.CloneOf(c.GetDocument()); d.Fn = "9"; c.Tlv = written(d) },
			"another form":             func(c *uplinkv1.DocumentCopy) { d := proto.CloneOf(c.GetDocument()); d.Type = 31; c.Tlv = written(d) },
			"another till of the agent": func(c *uplinkv1.DocumentCopy) {
				c.Till = "other"
				c.Tlv = written(c.GetDocument(), ffd.Text(ffd.TagUser, "x"))
			},
			"the same sign, other tags": func(c *uplinkv1.DocumentCopy) { c.Tlv = written(c.GetDocument(), ffd.Text(ffd.TagUser, "x")) },
			"the same sign, no tags":    func(c *uplinkv1.DocumentCopy) { c.Tlv = []byte("no tags at all") },
		} {
			t.Run(name, func(t *testing.T) {
				op := sale(uint64(len(name)))
				op.Document.Fn = fmt.Sprintf("%016d", crc32.ChecksumIEEE([]byte(name)))
				good := copyOf("kassa", op.GetDocument())
				bad := proto.CloneOf(good)
				change(bad)
				w.pushCopies(t, agent, good)
				before := w.document(t, agent, op.GetDocument())
				for range 2 {
					w.pushCopies(t, agent, bad)
				}
				got := w.copy(t, agent, op.GetDocument())
				if !bytes.Equal(got.Body, good.GetTlv()) || !got.Contradicted {
					t.Errorf("contradicted %v, shown %x", got.Contradicted, got.Body)
				}
				if diff := cmp.Diff(before, w.document(t, agent, op.GetDocument()), protocmp.Transform()); diff != "" {
					t.Errorf("the document changed: %s", diff)
				}
				if n, err := w.store.Read().CountCopies(t.Context(), db.CountCopiesParams{
					OrganisationID: agent.OrganisationID, FN: op.GetDocument().GetFn(), FD: int64(op.GetDocument().GetFd()),
				}); err != nil || n != 2 {
					t.Errorf("%d copies are kept, want both, once: %v", n, err)
				}
			})
		}
	})
}

// TestCopy_tenants: an agent writes copies of its own tills only, whatever it names.
func TestCopy_tenants(t *testing.T) {
	both(t, func(t *testing.T, w *world) {
		mine, theirs := w.agents[0], w.agents[1]
		doc := sale(3).GetDocument()
		w.pushCopies(t, mine, copyOf("kassa", doc))
		forged := proto.CloneOf(doc)
		forged.Total++
		w.pushCopies(t, theirs, copyOf("kassa", forged))
		if got := w.copy(t, mine, doc); got.Contradicted || !bytes.Equal(got.Body, written(doc)) {
			t.Errorf("another organisation's copy reached this one: %+v", got)
		}
		// A colleague's agent that names our document makes a till of its own, and its copy is put aside.
		colleague := *mine
		colleague.ID = "colleague"
		other := copyOf("kassa", doc, ffd.Text(ffd.TagUser, "forged"))
		w.pushCopies(t, &colleague, other)
		if got := w.copy(t, mine, doc); !got.Contradicted || !bytes.Equal(got.Body, written(doc)) {
			t.Errorf("a colleague's copy stands for ours: %+v", got)
		}
		if _, err := w.Document(t.Context(), theirs.OrganisationID, "none", 1); err == nil {
			t.Error("found what is not there")
		}
	})
}

// TestCopy_unreadable: what is no document is kept as it came, and the page says so.
func TestCopy_unreadable(t *testing.T) {
	both(t, func(t *testing.T, w *world) {
		agent := w.agents[0]
		doc := sale(9).GetDocument()
		for i, body := range [][]byte{{1}, []byte("\x03\x00\x05\x00abc"), bytes.Repeat([]byte{0xFF}, 40_000), append(written(doc), 0)} {
			doc := proto.CloneOf(doc)
			doc.Fd += uint32(i)
			w.pushCopies(t, agent, &uplinkv1.DocumentCopy{Till: "kassa", Document: doc, Tlv: body})
			c := w.copy(t, agent, doc)
			sheet := c.Sheet(w.document(t, agent, doc))
			if !bytes.Equal(c.Body, body) || !sheet.Damaged || len(sheet.Slip) != 0 || len(sheet.Tags) != 1 || !bytes.Equal(sheet.Tags[0].GetRaw(), body) {
				t.Errorf("%d bytes: damaged %v, %d tags", len(body), sheet.Damaged, len(sheet.Tags))
			}
		}
		doc.Fd += 100
		w.pushCopies(t, agent, &uplinkv1.DocumentCopy{Till: "kassa", Document: doc})
		if c := w.copy(t, agent, doc); c.Body != nil || c.Contradicted {
			t.Errorf("a fact without tags became a copy: %+v", c)
		}
		for name, c := range map[string]*uplinkv1.DocumentCopy{
			"no document": {Till: "kassa", Tlv: []byte{1}},
			"no number":   {Till: "kassa", Document: &fiscalv1.Document{Fn: "1"}},
			"no till":     {Document: &fiscalv1.Document{Fn: "1", Fd: 1}},
			"too long":    {Till: "kassa", Document: &fiscalv1.Document{Fn: "1", Fd: 1}, Tlv: make([]byte, maxCopy+1)},
		} {
			if _, err := w.Push(t.Context(), agent, "j", &uplinkv1.Batch{Entries: []*uplinkv1.Entry{{Copy: c}}}); err == nil {
				t.Errorf("%s: taken", name)
			}
		}
	})
}

// TestCopyCursors: the agent hears where the copies of the memories in its tills end.
func TestCopyCursors(t *testing.T) {
	both(t, func(t *testing.T, w *world) {
		agent := w.agents[0]
		doc := sale(9).GetDocument()
		cursors := func() map[string]uint32 {
			t.Helper()
			list, err := w.CopyCursors(t.Context(), agent)
			if err != nil {
				t.Fatal(err)
			}
			got := map[string]uint32{}
			for _, c := range list {
				got[c.GetFn()] = c.GetFd()
			}
			return got
		}
		w.pushCopies(t, agent, copyOf("kassa", doc))
		if got := cursors(); len(got) != 0 {
			t.Errorf("a memory that is in no till has a cursor: %v", got)
		}
		if err := w.fleet.Report(t.Context(), agent, &uplinkv1.ReportStateRequest{Tills: []*fiscalv1.TillState{{Till: "kassa", Fn: doc.GetFn()}}}); err != nil {
			t.Fatal(err)
		}
		if got := cursors(); !cmp.Equal(got, map[string]uint32{doc.GetFn(): doc.GetFd()}) {
			t.Errorf("cursors %v", got)
		}
		next := proto.CloneOf(doc)
		next.Fd++
		far := proto.CloneOf(doc)
		far.Fd += 50
		strange := copyOf("kassa", far)
		strange.Tlv = written(next) // it names another document: put aside, and no mark of how far the copies go
		w.pushCopies(t, agent, &uplinkv1.DocumentCopy{Till: "kassa", Document: next}, strange)
		if got := cursors(); got[doc.GetFn()] != next.GetFd() {
			t.Errorf("cursors %v, want %d", got, next.GetFd())
		}
		if got, err := w.Cursor(t.Context(), agent, "j"); err != nil || got != 0 {
			t.Errorf("copies moved the cursor of the journal to %d: %v", got, err)
		}
	})
}
