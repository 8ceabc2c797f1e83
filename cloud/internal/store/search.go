package store

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/chekan-io/chekan/cloud/internal/store/db"
)

// Filter selects documents of an organisation; what is zero selects all. The caller has checked it.
type Filter struct {
	Organisation string
	// From is the first moment, Before the first one after the last; the tills' own time.
	From, Before string
	// Tills are any of these.
	Tills []string
	// Outlet the documents were made in.
	Outlet string
	// Scoped says that only documents made in Outlets, or by Alone, are to be found: what the reader may see.
	Scoped         bool
	Outlets, Alone []string
	// Forms, Kinds and Paid (bits of a class) are any of these.
	Forms, Kinds []int32
	Paid         int32
	// FNs are any of these memories.
	FNs []string
	// FD, FP and Key.
	FD, FP int64
	Key    string
	// Shift is a number, with the range its documents lie in.
	Shift, ShiftFirst, ShiftLast int64
	// SumFrom and SumTo are of receipts.
	SumFrom, SumTo *int64
	// Cashiers and Products are any of these; not nil and empty is none.
	Cashiers, Products []int64
	// Buyer is folded.
	Buyer string
	// Paper is fiscal.v1.PaperTrack.
	Paper int32
	// OFD is fiscal.v1.OFDTrack as the operations tell it, 1 or 3; Unsent adds memories whose documents wait from a number on.
	OFD    int32
	Unsent []Unsent
	// Numbers are documents by number, whatever else; not nil and empty is none.
	Numbers []Number
}

// Unsent says that a memory's documents from a number on wait for their operator, as far as operations do not tell otherwise.
type Unsent struct {
	FN string
	FD int64
}

// Number names a document.
type Number struct {
	FN string
	FD int64
}

// Mark is the place in a list after which it goes on; the zero one is its beginning.
type Mark struct {
	At string
	FD int64
	FN string
}

// Found is a document of a search.
type Found struct {
	db.Document
	Cashier, Till, Outlet string
	// Operation is fiscal.v1.Operation; nil for a document of somebody else.
	Operation []byte
	// Copied says that its copy from the fiscal memory is here.
	Copied bool
}

// Mark is the document's place in a list.
func (f *Found) Mark() Mark { return Mark{f.At, f.FD, f.FN} }

const (
	// scansAtOnce bounds the parts of one statement.
	scansAtOnce = 40
	// fewSums is how many documents of a range of sums are sorted rather than looked for along the time.
	fewSums = 2000
	// fewPlaces is how many outlets and tills of a scope are gone along one by one; of more the time is tried first, see searchPlaces.
	fewPlaces = 20
)

// Search gives documents, newest first. A search goes along one index, the one that promises least; when that has several ranges
// (tills, cashiers, classes), each is read newest first as far as needed and they are merged.
func (s *Store) Search(ctx context.Context, f Filter, after Mark, limit int) ([]Found, error) {
	if f.alongProducts() {
		return s.searchProducts(ctx, &f, after, limit)
	}
	scans, narrow, err := s.scans(ctx, &f, after)
	if err != nil {
		return nil, err
	}
	if !narrow {
		return s.searchPlaces(ctx, &f, after, limit)
	}
	return s.along(ctx, &f, scans, after, limit)
}

// along reads scans, as many at once as one statement holds.
func (s *Store) along(ctx context.Context, f *Filter, scans []scan, after Mark, limit int) ([]Found, error) {
	var list []Found
	for len(scans) > 0 {
		n := min(len(scans), scansAtOnce)
		part, err := s.merged(ctx, f, scans[:n], after, limit)
		if err != nil {
			return nil, err
		}
		list = mergeFound(list, part, limit)
		scans = scans[n:]
	}
	return list, nil
}

// mergeFound merges two lists without doubles.
func mergeFound(a, b []Found, limit int) []Found {
	if len(a) == 0 {
		return b
	}
	list := make([]Found, 0, min(limit, len(a)+len(b)))
	for len(list) < limit && (len(a) > 0 || len(b) > 0) {
		switch {
		case len(b) == 0 || len(a) > 0 && a[0].Mark().Before(b[0].Mark()):
			list, a = append(list, a[0]), a[1:]
		case len(a) > 0 && a[0].Mark() == b[0].Mark():
			a = a[1:]
		default:
			list, b = append(list, b[0]), b[1:]
		}
	}
	return list
}

// Before tells whether m stands before o in a list: newest first.
func (m Mark) Before(o Mark) bool {
	if m.At != o.At {
		return m.At > o.At
	}
	if m.FD != o.FD {
		return m.FD > o.FD
	}
	return m.FN > o.FN
}

// scan is one range of an index.
type scan struct {
	// from joins what comes before documents; empty reads documents alone.
	from string
	// where is the range, args its values.
	where []string
	args  []any
	// order other than by time; it must be the same order.
	order string
	// free drops the mark of the page, which where has told already.
	free bool
}

// text collects a statement with its parameters.
type text struct {
	strings.Builder
	args []any
}

func (t *text) arg(v any) string {
	t.args = append(t.args, v)
	return "$" + strconv.Itoa(len(t.args))
}

func list[T any](t *text, values []T) string {
	var b strings.Builder
	for i, v := range values {
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString(t.arg(v))
	}
	return b.String()
}

const byTime = "d.at DESC, d.fd DESC, d.fn DESC"

func (s *Store) merged(ctx context.Context, f *Filter, scans []scan, after Mark, limit int) ([]Found, error) {
	t := new(text)
	rest := f.rest(t)
	var mark string
	if after != (Mark{}) && slices.ContainsFunc(scans, func(x scan) bool { return !x.free }) {
		mark = fmt.Sprintf("(d.at, d.fd, d.fn) < (%s, %s, %s)", t.arg(after.At), t.arg(after.FD), t.arg(after.FN))
	}
	most := t.arg(int64(limit))
	t.WriteString("SELECT " + foundColumns + " FROM (SELECT DISTINCT u.fn, u.fd, u.at FROM (")
	for i, scan := range scans {
		if i > 0 {
			t.WriteString(" UNION ALL ")
		}
		fmt.Fprintf(t, "SELECT s%d.* FROM (SELECT d.fn, d.fd, d.at FROM %sdocuments d", i, scan.from)
		where := []string{"d.organisation_id = " + t.arg(f.Organisation)}
		values := scan.args
		for _, w := range scan.where {
			for strings.Contains(w, "?") {
				w = strings.Replace(w, "?", t.arg(values[0]), 1)
				values = values[1:]
			}
			where = append(where, w)
		}
		if mark != "" && !scan.free {
			where = append(where, mark)
		}
		where = append(where, rest...)
		order := scan.order
		if order == "" {
			order = byTime
		}
		fmt.Fprintf(t, " WHERE %s ORDER BY %s LIMIT %s) AS s%d", strings.Join(where, " AND "), order, most, i)
	}
	fmt.Fprintf(t, ") AS u ORDER BY u.at DESC, u.fd DESC, u.fn DESC LIMIT %s) AS k"+
		" JOIN documents d ON d.organisation_id = %s AND d.fn = k.fn AND d.fd = k.fd"+
		foundJoins+" ORDER BY %s", most, t.arg(f.Organisation), byTime)
	return s.found(ctx, t)
}

const (
	foundColumns = "d.organisation_id, d.fn, d.fd, d.till_id, d.journal_id, d.key, d.fp, d.type, d.kind, d.at, d.total, d.shift, d.receipt," +
		" d.stored_at, d.outlet_id, d.cash, d.electronic, d.prepaid, d.credit, d.barter, d.vat, d.buyer, d.positions, d.paper, d.ofd," +
		" COALESCE(c.name, ''), COALESCE(NULLIF(t.title, ''), t.name, ''), COALESCE(o.name, ''), p.body," +
		" EXISTS (SELECT 1 FROM copies x WHERE x.organisation_id = d.organisation_id AND x.fn = d.fn AND x.fd = d.fd AND NOT x.aside)"
	foundJoins = " LEFT JOIN cashiers c ON c.id = d.cashier LEFT JOIN tills t ON t.id = d.till_id LEFT JOIN outlets o ON o.id = d.outlet_id" +
		" LEFT JOIN operations p ON p.journal_id = d.journal_id AND p.key = d.key AND d.key <> ''"
)

func (s *Store) found(ctx context.Context, t *text) (found []Found, err error) {
	rows, err := s.read.QueryContext(ctx, t.String(), t.args...)
	if err != nil {
		return nil, fmt.Errorf("search documents: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		var x Found
		d := &x.Document
		if err := rows.Scan(&d.OrganisationID, &d.FN, &d.FD, &d.TillID, &d.JournalID, &d.Key, &d.FP, &d.Type, &d.Kind, &d.At, &d.Total, &d.Shift,
			&d.Receipt, &d.StoredAt, &d.OutletID, &d.Cash, &d.Electronic, &d.Prepaid, &d.Credit, &d.Barter, &d.Vat, &d.Buyer, &d.Positions, &d.Paper,
			&d.Ofd, &x.Cashier, &x.Till, &x.Outlet, &x.Operation, &x.Copied); err != nil {
			return nil, fmt.Errorf("search documents: %w", err)
		}
		found = append(found, x)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("search documents: %w", err)
	}
	return found, nil
}

// rest is the whole filter as conditions that tempt no index: along which one to go was decided before.
func (f *Filter) rest(t *text) (where []string) {
	and := func(format string, args ...any) { where = append(where, fmt.Sprintf(format, args...)) }
	if f.From != "" {
		and("d.at >= %s", t.arg(f.From))
	}
	if f.Before != "" {
		and("d.at < %s", t.arg(f.Before))
	}
	if len(f.Tills) > 0 {
		and("d.till_id || '' IN (%s)", list(t, f.Tills))
	}
	if f.Outlet != "" {
		and("d.outlet_id = %s", t.arg(f.Outlet))
	}
	if f.Scoped {
		// An empty list finds nothing in SQLite and is an error in PostgreSQL; no outlet and no till has an empty id.
		and("(d.outlet_id || '' IN (%s) OR d.till_id || '' IN (%s))", list(t, append([]string{"-"}, f.Outlets...)), list(t, append([]string{"-"}, f.Alone...)))
	}
	if len(f.Forms) > 0 {
		and("d.type IN (%s)", list(t, f.Forms))
	}
	if len(f.Kinds) > 0 {
		and("d.kind IN (%s)", list(t, f.Kinds))
	}
	if f.Paid != 0 {
		and("(d.class & %d) <> 0", f.Paid)
	}
	if len(f.FNs) > 0 {
		and("d.fn || '' IN (%s)", list(t, f.FNs))
	}
	if f.FD != 0 {
		and("d.fd + 0 = %s", t.arg(f.FD))
	}
	if f.FP != 0 {
		and("d.fp + 0 = %s", t.arg(f.FP))
	}
	if f.Key != "" {
		and("d.key = %s", t.arg(f.Key))
	}
	if f.Shift != 0 {
		and("d.shift = %s", t.arg(f.Shift))
	}
	if f.SumFrom != nil || f.SumTo != nil {
		and("d.type IN (3, 4, 31, 41)")
	}
	if f.SumFrom != nil {
		and("d.total + 0 >= %s", t.arg(*f.SumFrom))
	}
	if f.SumTo != nil {
		and("d.total + 0 <= %s", t.arg(*f.SumTo))
	}
	if len(f.Cashiers) > 0 {
		and("d.cashier + 0 IN (%s)", list(t, f.Cashiers))
	}
	if len(f.Products) > 0 {
		and("EXISTS (SELECT 1 FROM memories x JOIN positions p ON p.memory_id = x.id WHERE x.organisation_id = d.organisation_id AND x.fn = d.fn"+
			" AND p.fd = d.fd AND p.product_id + 0 IN (%s))", list(t, f.Products))
	}
	if f.Buyer != "" {
		and("d.buyer || '' = %s", t.arg(f.Buyer))
	}
	if f.Paper != 0 {
		and("d.paper + 0 = %s", t.arg(f.Paper))
	}
	if f.OFD != 0 {
		waiting := []string{fmt.Sprintf("d.ofd + 0 = %s", t.arg(f.OFD))}
		for _, u := range f.Unsent {
			waiting = append(waiting, fmt.Sprintf("d.ofd = 0 AND d.fn || '' = %s AND d.fd + 0 >= %s", t.arg(u.FN), t.arg(u.FD)))
		}
		and("(%s)", strings.Join(waiting, " OR "))
	}
	return where
}

// scans chooses the index to go along. Of many places there may be none that promises to be short: then it is not narrow.
func (s *Store) scans(ctx context.Context, f *Filter, after Mark) (scans []scan, narrow bool, err error) {
	switch {
	case f.Numbers != nil:
		return each(f.Numbers, func(n Number) scan { return scan{where: []string{"d.fn = ? AND d.fd = ?"}, args: []any{n.FN, n.FD}} }), true, nil
	case f.FP != 0:
		return []scan{{where: []string{"d.fp = ?"}, args: []any{f.FP}}}, true, nil
	case f.FD != 0 && len(f.FNs) > 0:
		return each(f.FNs, func(fn string) scan { return scan{where: []string{"d.fn = ? AND d.fd = ?"}, args: []any{fn, f.FD}} }), true, nil
	case f.FD != 0:
		return []scan{{
			from: "memories m CROSS JOIN ", where: []string{"d.fn = m.fn AND d.fd = ? AND m.organisation_id = ?"}, args: []any{f.FD, f.Organisation},
		}}, true, nil
	case f.Shift != 0 && len(f.FNs) == 1:
		one := scan{where: []string{"d.fn = ? AND d.fd >= ? AND d.fd <= ?"}, args: []any{f.FNs[0], f.ShiftFirst, f.ShiftLast}, order: "d.fd DESC"}
		if after != (Mark{}) {
			one.args[2], one.free = min(f.ShiftLast, after.FD-1), true
		}
		return []scan{one}, true, nil
	case f.Buyer != "":
		return []scan{{where: []string{"d.buyer = ? AND d.buyer <> ''"}, args: []any{f.Buyer}}}, true, nil
	case f.SumFrom != nil && f.SumTo != nil && *f.SumFrom == *f.SumTo:
		return []scan{{where: []string{"d.total = ?"}, args: []any{*f.SumFrom}}}, true, nil
	case len(f.Tills) > 0:
		return byTill(f.Tills), true, nil
	case f.Cashiers != nil:
		return each(f.Cashiers, func(id int64) scan {
			return scan{where: []string{"d.cashier = ? AND d.cashier <> 0"}, args: []any{id}}
		}), true, nil
	case f.OFD == 1 || f.OFD == 3:
		list := each(f.Unsent, func(u Unsent) scan {
			return scan{where: []string{"d.fn = ? AND d.fd >= ? AND d.ofd = 0"}, args: []any{u.FN, u.FD}}
		})
		return append(list, scan{where: []string{fmt.Sprintf("d.ofd = %d", f.OFD)}}), true, nil
	case f.Paper == 2:
		return []scan{{where: []string{"d.paper = 2"}}}, true, nil
	case f.Outlet != "":
		scans, err = s.byPlaces(ctx, f.Organisation, []string{f.Outlet}, nil)
		return scans, true, err
	case f.Scoped && len(f.Outlets)+len(f.Alone) <= fewPlaces:
		scans, err = s.byPlaces(ctx, f.Organisation, f.Outlets, f.Alone)
		return scans, true, err
	case len(f.FNs) == 1:
		one := scan{where: []string{"d.fn = ?"}, args: []any{f.FNs[0]}, order: "d.fd DESC"} // in a memory numbers and times grow together
		if after != (Mark{}) {
			one.where, one.args, one.free = []string{"d.fn = ? AND d.fd < ?"}, append(one.args, after.FD), true
		}
		return []scan{one}, true, nil
	case len(f.FNs) > 1:
		return each(f.FNs, func(fn string) scan { return scan{where: []string{"d.fn = ?"}, args: []any{fn}, order: "d.fd DESC"} }), true, nil
	case f.SumFrom != nil || f.SumTo != nil:
		if few, err := s.bySum(ctx, f); err != nil || few != nil {
			return few, true, err
		}
	}
	if len(f.Forms) == 0 && len(f.Kinds) == 0 && f.Paid == 0 {
		return []scan{{}}, !f.Scoped, nil
	}
	classes, err := s.classesOf(ctx, f)
	if err != nil {
		return nil, false, err
	}
	narrow = !f.Scoped
	if f.Scoped {
		narrow, err = s.fewOfClasses(ctx, f, classes, after)
	}
	return each(classes, func(class int32) scan { return scan{where: []string{"d.class = ?"}, args: []any{class}} }), narrow, err
}

func each[T any](values []T, of func(T) scan) []scan {
	scans := make([]scan, 0, len(values))
	for _, v := range values {
		scans = append(scans, of(v))
	}
	return scans
}

func byTill(tills []string) []scan {
	return each(tills, func(id string) scan { return scan{where: []string{"d.till_id = ?"}, args: []any{id}} })
}

// bySum goes along the sums of a range when that is shorter than along the time; nil when it is not.
func (s *Store) bySum(ctx context.Context, f *Filter) ([]scan, error) {
	t := new(text)
	where := []string{"d.organisation_id = " + t.arg(f.Organisation), "d.total <> 0"}
	x := scan{where: []string{"d.total <> 0"}}
	if f.SumFrom != nil {
		where = append(where, "d.total >= "+t.arg(*f.SumFrom))
		x.where, x.args = append(x.where, "d.total >= ?"), append(x.args, *f.SumFrom)
	}
	if f.SumTo != nil {
		where = append(where, "d.total <= "+t.arg(*f.SumTo))
		x.where, x.args = append(x.where, "d.total <= ?"), append(x.args, *f.SumTo)
	}
	var n int
	row := s.read.QueryRowContext(ctx, "SELECT COUNT(*) FROM (SELECT 1 FROM documents d WHERE "+strings.Join(where, " AND ")+
		" LIMIT "+t.arg(int64(fewSums))+") AS few", t.args...)
	if err := row.Scan(&n); err != nil {
		return nil, fmt.Errorf("count documents of these sums: %w", err)
	}
	if n == fewSums {
		return nil, nil
	}
	// No index has both the range and the order: all of them are sorted.
	x.order = "d.at || '' DESC, d.fd DESC, d.fn DESC"
	return []scan{x}, nil
}

// classesOf gives every class that the filter lets through.
func (s *Store) classesOf(ctx context.Context, f *Filter) (list []int32, err error) {
	classes, err := s.Classes(ctx, f.Organisation)
	for _, class := range classes {
		form, kind, paid := OfClass(class)
		if oneOf(f.Forms, form) && oneOf(f.Kinds, kind) && (f.Paid == 0 || paid&f.Paid != 0) {
			list = append(list, class)
		}
	}
	return list, err
}

func oneOf(list []int32, v int32) bool {
	for _, x := range list {
		if x == v {
			return true
		}
	}
	return len(list) == 0
}

// Classes gives the classes an organisation has documents of. It jumps along the index from one to the next.
func (s *Store) Classes(ctx context.Context, organisation string) (classes []int32, err error) {
	rows, err := s.read.QueryContext(ctx, "WITH RECURSIVE c (class) AS (SELECT MIN(d.class) FROM documents d WHERE d.organisation_id = $1"+
		" UNION ALL SELECT (SELECT MIN(d.class) FROM documents d WHERE d.organisation_id = $1 AND d.class > c.class) FROM c WHERE c.class IS NOT NULL)"+
		" SELECT c.class FROM c WHERE c.class IS NOT NULL", organisation)
	if err != nil {
		return nil, fmt.Errorf("list classes: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		var class sql.NullInt32
		if err := rows.Scan(&class); err != nil {
			return nil, fmt.Errorf("list classes: %w", err)
		}
		classes = append(classes, class.Int32)
	}
	return classes, rows.Err()
}
