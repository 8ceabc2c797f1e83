package documents

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/chekan-io/chekan/cloud/internal/access"
	"github.com/chekan-io/chekan/cloud/internal/store/db"
	cabinetv1 "github.com/chekan-io/chekan/proto/gen/cabinet/v1"
	fiscalv1 "github.com/chekan-io/chekan/proto/gen/fiscal/v1"
)

const (
	// maxOwn bounds the receipts of one comparison, maxOwnID what each is called, and maxBetween the numbers that lie between them.
	maxOwn, maxOwnID, maxBetween = 1000, 100, 10_000
)

// own names a document.
type own struct {
	fn string
	fd uint32
}

// held is a document as it is here.
type held struct {
	till     string
	document *fiscalv1.Document
}

// Reconcile compares receipts that another system knows with those within a scope, which are all it knows of.
func (d *Documents) Reconcile(ctx context.Context, scope access.Scope, receipts []*cabinetv1.OwnReceipt) ([]*cabinetv1.ReconciledReceipt, error) {
	spans, err := spansOf(receipts)
	if err != nil {
		return nil, err
	}
	here := map[own]held{}
	for _, fn := range slices.Sorted(maps.Keys(spans)) {
		rows, err := d.store.Read().ListDocumentsBetween(ctx, db.ListDocumentsBetweenParams{
			OrganisationID: scope.OrganisationID, FN: fn, First: int64(spans[fn].first), Last: int64(spans[fn].last),
		})
		if err != nil {
			return nil, fmt.Errorf("read documents to compare: %w", err)
		}
		for _, row := range rows {
			if !scope.Has(row.OutletID, row.TillID) {
				continue
			}
			here[own{fn, uint32(row.FD)}] = held{row.TillID, &fiscalv1.Document{
				Fn: row.FN, Fd: uint32(row.FD), Fp: uint32(row.FP), Type: uint32(row.Type), At: row.At, Kind: fiscalv1.Kind(row.Kind), Total: row.Total,
				Shift: uint32(row.Shift), Receipt: uint32(row.Receipt),
			}}
		}
	}
	return reconcile(receipts, here), nil
}

// numbers are those of one fiscal memory that receipts lie between.
type numbers struct{ first, last uint32 }

// spansOf checks receipts, and gives the numbers they lie between by fiscal memory.
func spansOf(receipts []*cabinetv1.OwnReceipt) (map[string]numbers, error) {
	if len(receipts) > maxOwn {
		return nil, fmt.Errorf("%d receipts: at most %d are compared at once: %w", len(receipts), maxOwn, ErrInvalid)
	}
	spans := map[string]numbers{}
	for i, r := range receipts {
		switch {
		case r.GetFn() == "" || len(r.GetFn()) > 16 || r.GetFd() == 0:
			return nil, fmt.Errorf("receipt %d: fn and fd are needed: %w", i+1, ErrInvalid)
		case utf8.RuneCountInString(r.GetId()) > maxOwnID:
			return nil, fmt.Errorf("receipt %d: id has more than %d characters: %w", i+1, maxOwnID, ErrInvalid)
		}
		s, known := spans[r.GetFn()]
		if !known {
			s = numbers{r.GetFd(), r.GetFd()}
		}
		spans[r.GetFn()] = numbers{min(s.first, r.GetFd()), max(s.last, r.GetFd())}
	}
	between := int64(0)
	for _, s := range spans {
		between += int64(s.last) - int64(s.first) + 1
	}
	if between > maxBetween {
		return nil, fmt.Errorf("%d numbers lie between the receipts, at most %d may: send them memory by memory, in order: %w", between, maxBetween, ErrInvalid)
	}
	return spans, nil
}

// reconcile gives a verdict for each receipt, in order, and then the receipts here that none of them is.
func reconcile(receipts []*cabinetv1.OwnReceipt, here map[own]held) []*cabinetv1.ReconciledReceipt {
	list := make([]*cabinetv1.ReconciledReceipt, 0, len(receipts))
	told := map[own]bool{}
	for _, r := range receipts {
		name := own{r.GetFn(), r.GetFd()}
		h, is := here[name]
		v := &cabinetv1.ReconciledReceipt{Id: r.GetId(), Found: h.document, TillId: h.till, Verdict: cabinetv1.Verdict_VERDICT_SAME}
		switch {
		case told[name]:
			v.Verdict = cabinetv1.Verdict_VERDICT_REPEATED
		case !is:
			v.Verdict = cabinetv1.Verdict_VERDICT_MISSING
		default:
			if v.Differs = differing(r, h.document); len(v.GetDiffers()) > 0 {
				v.Verdict = cabinetv1.Verdict_VERDICT_DIFFERS
			}
		}
		told[name] = true
		list = append(list, v)
	}
	extra := slices.DeleteFunc(slices.Collect(maps.Keys(here)), func(name own) bool { return told[name] || !isReceipt(int32(here[name].document.GetType())) })
	slices.SortFunc(extra, func(a, b own) int {
		return cmp.Or(strings.Compare(a.fn, b.fn), cmp.Compare(a.fd, b.fd))
	})
	for _, name := range extra {
		h := here[name]
		list = append(list, &cabinetv1.ReconciledReceipt{Verdict: cabinetv1.Verdict_VERDICT_EXTRA, Found: h.document, TillId: h.till})
	}
	return list
}

// differing names what a receipt says otherwise than the document does.
func differing(r *cabinetv1.OwnReceipt, doc *fiscalv1.Document) []string {
	var list []string
	if r.GetFp() != 0 && r.GetFp() != doc.GetFp() {
		list = append(list, "fp")
	}
	if r.Total != nil && r.GetTotal() != doc.GetTotal() {
		list = append(list, "total")
	}
	if r.GetKind() != fiscalv1.Kind_KIND_UNSPECIFIED && r.GetKind() != doc.GetKind() {
		list = append(list, "kind")
	}
	return list
}
