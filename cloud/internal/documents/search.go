package documents

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"google.golang.org/protobuf/proto"

	"github.com/chekan-io/chekan/cloud/internal/access"
	"github.com/chekan-io/chekan/cloud/internal/store"
	"github.com/chekan-io/chekan/cloud/internal/store/db"
	cabinetv1 "github.com/chekan-io/chekan/proto/gen/cabinet/v1"
	fiscalv1 "github.com/chekan-io/chekan/proto/gen/fiscal/v1"
)

const (
	// maxTills bounds the tills a filter names.
	maxTills = 100
	// maxAlike bounds the names that a part of a name stands for.
	maxAlike = 200
	// maxText bounds the texts of a filter.
	maxText = 200
	// passes bounds how often a search goes on when what it found is not what was asked.
	passes = 40
)

// Found is a document of a search.
type Found struct {
	Document
	// Row is what the search knows besides.
	Row store.Found
}

// Query is a search, ready to be asked.
type Query struct {
	filter store.Filter
	// others are the same in further organisations.
	others []store.Filter
	// keep tells what the store cannot: how far a document has come to its operator.
	keep func(*Found) bool
}

// NeedsMoney tells whether a filter looks into sums, goods, people: what it finds would tell them.
func NeedsMoney(f *cabinetv1.DocumentFilter) bool {
	return f.SumFrom != nil || f.SumTo != nil || f.GetCashier() != "" || f.GetProduct() != "" || f.GetBuyer() != "" || len(f.GetPayments()) > 0
}

// OFDTrack tells whether the operator has a document.
type OFDTrack func(Document) fiscalv1.OFDTrack

// NewQuery checks a filter, and confines it to what is within reach. States are the tills as last reported, and only a filter by registration number or operator needs them.
func (d *Documents) NewQuery(ctx context.Context, reach access.Reach, f *cabinetv1.DocumentFilter, states map[string]*fiscalv1.TillState, track OFDTrack) (*Query, error) {
	var all *Query
	for _, scope := range reach {
		q, err := d.newQuery(ctx, scope, f, states, track)
		if err != nil {
			return nil, err
		}
		if all == nil {
			all = q
			continue
		}
		all.others = append(all.others, q.filter)
	}
	if all == nil { // nothing is within reach
		return d.newQuery(ctx, access.Scope{}, f, states, track)
	}
	return all, nil
}

func (d *Documents) newQuery(ctx context.Context, scope access.Scope, f *cabinetv1.DocumentFilter, states map[string]*fiscalv1.TillState, track OFDTrack) (*Query, error) {
	q := &Query{filter: store.Filter{
		Organisation: scope.OrganisationID, Scoped: !scope.All, Outlets: slices.Sorted(maps.Keys(scope.Outlets)), Alone: slices.Sorted(maps.Keys(scope.Tills)),
		Tills: f.GetTillIds(), Outlet: f.GetOutletId(), FD: int64(f.GetFd()), FP: int64(f.GetFp()), Key: f.GetKey(),
		SumFrom: f.SumFrom, SumTo: f.SumTo, Buyer: store.FoldBuyer(f.GetBuyer()), Paper: int32(f.GetPaper()),
	}}
	if err := q.check(f); err != nil {
		return nil, err
	}
	for _, kind := range f.GetKinds() {
		q.filter.Kinds = append(q.filter.Kinds, int32(kind))
	}
	for _, form := range f.GetTypes() {
		q.filter.Forms = append(q.filter.Forms, int32(form))
	}
	for _, payment := range f.GetPayments() {
		if payment < cabinetv1.Payment_PAYMENT_CASH || payment > cabinetv1.Payment_PAYMENT_BARTER {
			return nil, fmt.Errorf("way to pay %d: %w", payment, ErrInvalid)
		}
		q.filter.Paid |= 1 << (payment - 1)
	}
	if f.GetFn() != "" {
		q.filter.FNs = []string{f.GetFn()}
	}
	if err := d.ofShift(ctx, q, f); err != nil {
		return nil, err
	}
	if err := d.names(ctx, q, f, states); err != nil {
		return nil, err
	}
	if f.GetKey() != "" {
		if err := d.byKey(ctx, q, f.GetKey()); err != nil {
			return nil, err
		}
	}
	switch want := f.GetOfd(); want {
	case fiscalv1.OFDTrack_OFD_TRACK_UNSPECIFIED:
	case fiscalv1.OFDTrack_OFD_TRACK_QUEUED, fiscalv1.OFDTrack_OFD_TRACK_REFUSED:
		q.filter.OFD = int32(want)
		if want == fiscalv1.OFDTrack_OFD_TRACK_QUEUED {
			for _, state := range states {
				if state.GetUnsent() > 0 && state.GetFn() != "" {
					q.filter.Unsent = append(q.filter.Unsent, store.Unsent{FN: state.GetFn(), FD: int64(state.GetUnsentFd())})
				}
			}
		}
		fallthrough
	case fiscalv1.OFDTrack_OFD_TRACK_DELIVERED:
		q.keep = func(found *Found) bool { return track(found.Document) == want }
	}
	return q, nil
}

func (q *Query) check(f *cabinetv1.DocumentFilter) error {
	var err error
	if q.filter.From, q.filter.Before, err = period(f.GetFrom(), f.GetTo()); err != nil {
		return err
	}
	for name, text := range map[string]string{
		"outlet_id": f.GetOutletId(), "fn": f.GetFn(), "rnm": f.GetRnm(), "cashier": f.GetCashier(), "product": f.GetProduct(), "buyer": f.GetBuyer(), "key": f.GetKey(),
	} {
		if len(text) > maxText*4 || !store.Keeps(text) {
			return fmt.Errorf("%s: %w", name, ErrInvalid)
		}
	}
	switch {
	case len(f.GetTillIds()) > maxTills:
		return fmt.Errorf("more than %d tills: %w", maxTills, ErrInvalid)
	case len(f.GetKinds()) > 10 || len(f.GetTypes()) > 20 || len(f.GetPayments()) > 10:
		return fmt.Errorf("too many kinds, forms or ways to pay: %w", ErrInvalid)
	case f.SumFrom != nil && f.GetSumFrom() < 0 || f.SumTo != nil && f.GetSumTo() < 0:
		return fmt.Errorf("a sum is not negative: %w", ErrInvalid)
	case f.SumFrom != nil && f.SumTo != nil && f.GetSumFrom() > f.GetSumTo():
		return fmt.Errorf("the range of sums ends before it begins: %w", ErrInvalid)
	}
	return nil
}

// period turns days or minutes, both included, into the moments from and before. Empty ones are open.
func period(from, to string) (first, before string, err error) {
	layout := func(text string) (string, time.Time, error) {
		for _, l := range []string{time.DateOnly, "2006-01-02T15:04"} {
			if at, err := time.Parse(l, text); err == nil {
				return l, at, nil
			}
		}
		return "", time.Time{}, fmt.Errorf("%q is neither a day nor a minute: %w", text, ErrInvalid)
	}
	if from != "" {
		l, at, err := layout(from)
		if err != nil {
			return "", "", err
		}
		first = at.Format(l)
	}
	if to != "" {
		l, at, err := layout(to)
		if err != nil {
			return "", "", err
		}
		if l == time.DateOnly {
			at = at.AddDate(0, 0, 1)
		} else {
			at = at.Add(time.Minute)
		}
		before = at.Format(l)
	}
	if first != "" && before != "" && first >= before {
		return "", "", fmt.Errorf("the period ends before it begins: %w", ErrInvalid)
	}
	return first, before, nil
}

// names finds what parts of names and a registration number stand for.
func (d *Documents) names(ctx context.Context, q *Query, f *cabinetv1.DocumentFilter, states map[string]*fiscalv1.TillState) error {
	read := d.store.Read()
	if f.GetCashier() != "" {
		ids, err := alike("cashiers", f.GetCashier(), func(pattern string) ([]int64, error) {
			return read.FindCashiers(ctx, db.FindCashiersParams{OrganisationID: q.filter.Organisation, Pattern: pattern, Limit: maxAlike + 1})
		})
		if err != nil {
			return err
		}
		q.filter.Cashiers = ids
	}
	if f.GetProduct() != "" {
		ids, err := alike("goods", f.GetProduct(), func(pattern string) ([]int64, error) {
			return read.FindProducts(ctx, db.FindProductsParams{OrganisationID: q.filter.Organisation, Pattern: pattern, Limit: maxAlike + 1})
		})
		if err != nil {
			return err
		}
		q.filter.Products = ids
	}
	if rnm := strings.TrimSpace(f.GetRnm()); rnm != "" {
		fns, err := read.ListNamedMemories(ctx, db.ListNamedMemoriesParams{OrganisationID: q.filter.Organisation, Rnm: rnm})
		if err != nil {
			return fmt.Errorf("find registration number: %w", err)
		}
		for _, state := range states { // no copy has told it yet, but the till has
			if state.GetRnm() == rnm && state.GetFn() != "" {
				fns = append(fns, state.GetFn())
			}
		}
		if f.GetFn() != "" {
			fns = common(fns, f.GetFn())
		}
		if q.filter.FNs = unique(fns); len(q.filter.FNs) == 0 {
			q.filter.Numbers = []store.Number{}
		}
	}
	return nil
}

func common(list []string, one string) []string {
	for _, s := range list {
		if s == one {
			return []string{one}
		}
	}
	return nil
}

func unique(list []string) (out []string) {
	seen := map[string]bool{}
	for _, s := range list {
		if !seen[s] {
			seen[s] = true
			out = append(out, s)
		}
	}
	return out
}

// alike finds the names that hold a text.
func alike(what, text string, find func(pattern string) ([]int64, error)) ([]int64, error) {
	folded := store.Fold(text)
	if utf8.RuneCountInString(folded) < 2 {
		return nil, fmt.Errorf("a name to look for has at least two letters: %w", ErrInvalid)
	}
	ids, err := find("%" + strings.NewReplacer(`\`, `\\`, "%", `\%`, "_", `\_`).Replace(folded) + "%")
	if err != nil {
		return nil, fmt.Errorf("find %s: %w", what, err)
	}
	if len(ids) > maxAlike {
		return nil, fmt.Errorf("more than %d %s have %q in their names, say more: %w", maxAlike, what, text, ErrInvalid)
	}
	if ids == nil {
		ids = []int64{}
	}
	return ids, nil
}

func (d *Documents) byKey(ctx context.Context, q *Query, key string) error {
	bodies, err := d.store.Read().FindKey(ctx, db.FindKeyParams{OrganisationID: q.filter.Organisation, Key: key})
	if err != nil {
		return fmt.Errorf("find operation: %w", err)
	}
	q.filter.Numbers = []store.Number{}
	for _, body := range bodies {
		op := new(fiscalv1.Operation)
		if err := proto.Unmarshal(body, op); err != nil {
			return fmt.Errorf("operation %q: %w", key, err)
		}
		if doc := op.GetDocument(); doc.GetFd() != 0 {
			q.filter.Numbers = append(q.filter.Numbers, store.Number{FN: doc.GetFn(), FD: int64(doc.GetFd())})
		}
	}
	return nil
}

// Search gives a page of documents, newest first, and the mark of the next page.
func (d *Documents) Search(ctx context.Context, q *Query, page string, limit int) ([]Found, string, error) {
	var after store.Mark
	if page != "" {
		fields, err := openMark(page, 3)
		if err != nil {
			return nil, "", err
		}
		after.At, after.FN = fields[0], fields[2]
		if after.FD, err = strconv.ParseInt(fields[1], 10, 64); err != nil {
			return nil, "", fmt.Errorf("mark of a page: %w", ErrInvalid)
		}
	}
	var list []Found
	for range passes {
		rows, err := d.found(ctx, q, after, limit+1)
		if err != nil {
			return nil, "", err
		}
		for i := range rows {
			if len(list) == limit {
				last := list[limit-1].Row.Mark()
				return list, mark(last.At, strconv.FormatInt(last.FD, 10), last.FN), nil
			}
			found, err := foundDocument(rows[i])
			if err != nil {
				return nil, "", err
			}
			after = rows[i].Mark()
			if q.keep == nil || q.keep(&found) {
				list = append(list, found)
			}
		}
		if len(rows) <= limit {
			return list, "", nil
		}
	}
	// What was looked through held little of what was asked; the next page goes on from there.
	return list, mark(after.At, strconv.FormatInt(after.FD, 10), after.FN), nil
}

// found asks in every organisation of a query, newest first.
func (d *Documents) found(ctx context.Context, q *Query, after store.Mark, limit int) ([]store.Found, error) {
	rows, err := d.store.Search(ctx, q.filter, after, limit)
	if err != nil || len(q.others) == 0 {
		return rows, err
	}
	for _, filter := range q.others {
		more, err := d.store.Search(ctx, filter, after, limit)
		if err != nil {
			return nil, err
		}
		rows = append(rows, more...)
	}
	slices.SortStableFunc(rows, func(a, b store.Found) int {
		switch {
		case a.Mark().Before(b.Mark()):
			return -1
		case b.Mark().Before(a.Mark()):
			return 1
		}
		return 0
	})
	return rows[:min(len(rows), limit)], nil
}

func foundDocument(row store.Found) (Found, error) {
	doc, err := document(db.GetDocumentRow{
		OrganisationID: row.OrganisationID, OutletID: row.OutletID, FN: row.FN, FD: row.FD, TillID: row.TillID, JournalID: row.JournalID, Key: row.Key, FP: row.FP,
		Type: row.Type, Kind: row.Kind, At: row.At, Total: row.Total, Shift: row.Shift, Receipt: row.Receipt, StoredAt: row.StoredAt, Body: row.Operation,
	})
	return Found{Document: doc, Row: row}, err
}

// Any tells whether there are documents within reach at all.
func (d *Documents) Any(ctx context.Context, reach access.Reach) (bool, error) {
	for _, scope := range reach {
		q, err := d.newQuery(ctx, scope, &cabinetv1.DocumentFilter{}, nil, nil)
		if err != nil {
			return false, err
		}
		if list, err := d.store.Search(ctx, q.filter, store.Mark{}, 1); err != nil || len(list) > 0 {
			return len(list) > 0, err
		}
	}
	return false, nil
}

// VAT reads the tax of a row by rate.
func VAT(text string) (list []*cabinetv1.VATSum) {
	for field := range strings.FieldsSeq(text) {
		rate, sum, _ := strings.Cut(field, "=")
		n, err := strconv.ParseInt(sum, 10, 64)
		if err == nil {
			list = append(list, &cabinetv1.VATSum{Rate: rate, Sum: n})
		}
	}
	return list
}
