package documents

import (
	"context"
	"fmt"
	"math"
	"strconv"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/chekan-io/chekan/cloud/internal/access"
	"github.com/chekan-io/chekan/cloud/internal/store"
	"github.com/chekan-io/chekan/cloud/internal/store/db"
	cabinetv1 "github.com/chekan-io/chekan/proto/gen/cabinet/v1"
)

// shiftPasses bounds how often a list of shifts is read on while what it reads is not what was asked.
const shiftPasses = 40

// FindShifts gives a page of the shifts within reach that a request asks for, newest first, and the mark of the next page. Where
// counters are compared it reads every closing report on the way: such a page may be short and still have a next one.
func (d *Documents) FindShifts(ctx context.Context, reach access.Reach, r *cabinetv1.ListShiftsRequest, limit int) ([]Shift, string, error) {
	late := r.GetOpenedBefore()
	if late != "" {
		if _, err := time.Parse("2006-01-02T15:04", late); err != nil {
			return nil, "", fmt.Errorf("opened_before: %q is not a minute: %w", late, ErrInvalid)
		}
	}
	if late == "" && !r.GetDifferent() {
		return d.Shifts(ctx, reach, r, limit)
	}
	ask := proto.CloneOf(r)
	ask.Open = ask.GetOpen() || late != ""
	var list []Shift
	for range shiftPasses {
		part, next, err := d.Shifts(ctx, reach, ask, max(limit, 50))
		if err != nil {
			return nil, "", err
		}
		for _, s := range part {
			if late != "" && (s.View.GetOpenedAt() == "" || s.View.GetOpenedAt() >= late) || r.GetDifferent() && len(s.View.GetDifferences()) == 0 {
				continue
			}
			if list = append(list, s); len(list) == limit {
				if next == "" && s.View == part[len(part)-1].View {
					return list, "", nil
				}
				return list, mark(s.View.GetDay(), s.View.GetFn(), strconv.FormatUint(uint64(s.View.GetNumber()), 10)), nil
			}
		}
		if ask.Page = next; next == "" {
			return list, "", nil
		}
	}
	return list, ask.GetPage(), nil
}

// maxNumbers bounds the documents of a shift that are looked through for what is missing.
const maxNumbers = 20_000

// ExplainShift adds to one shift why its counters may say otherwise: numbers that are missing between its opening and its closing, and
// documents of which too little is known.
func (d *Documents) ExplainShift(ctx context.Context, organisation string, s *cabinetv1.Shift) error {
	if s.GetOpenedFd() == 0 {
		return nil
	}
	last := int64(math.MaxUint32)
	if s.GetClosedFd() != 0 {
		last = int64(s.GetClosedFd())
	}
	rows, err := d.store.Read().ListNumbersOfShift(ctx, db.ListNumbersOfShiftParams{
		OrganisationID: organisation, FN: s.GetFn(), First: int64(s.GetOpenedFd()), Last: last, Limit: maxNumbers,
	})
	if err != nil {
		return fmt.Errorf("list documents of shift: %w", err)
	}
	s.Missing, s.Unread = missing(rows)
	return nil
}

// missing gives the numbers that rows, in their order, leave out, and those of receipts of which only number and sum are known.
func missing(rows []db.ListNumbersOfShiftRow) (gaps []*cabinetv1.MissingNumbers, unread []uint32) {
	for i, row := range rows {
		if i > 0 && row.FD > rows[i-1].FD+1 {
			gaps = append(gaps, &cabinetv1.MissingNumbers{First: uint32(rows[i-1].FD + 1), Last: uint32(row.FD - 1)})
		}
		if row.Source <= store.SourceFact && isReceipt(row.Type) {
			unread = append(unread, uint32(row.FD))
		}
	}
	return gaps, unread
}

// ofShift turns the number of a shift into the range its documents lie in.
func (d *Documents) ofShift(ctx context.Context, q *Query, f *cabinetv1.DocumentFilter) error {
	if f.GetShift() == 0 {
		return nil
	}
	if f.GetFn() == "" {
		return fmt.Errorf("a shift is known by its number and the fiscal memory, fn is missing: %w", ErrInvalid)
	}
	q.filter.Shift, q.filter.ShiftLast = int64(f.GetShift()), math.MaxUint32
	row, err := d.store.Read().GetShift(ctx, db.GetShiftParams{OrganisationID: q.filter.Organisation, FN: f.GetFn(), Number: q.filter.Shift})
	if err != nil && !store.NotFound(err) {
		return fmt.Errorf("read shift: %w", err)
	}
	if row.OpenedFD != 0 {
		q.filter.ShiftFirst = row.OpenedFD
	}
	if row.ClosedFD != 0 {
		q.filter.ShiftLast = row.ClosedFD
	}
	return nil
}
