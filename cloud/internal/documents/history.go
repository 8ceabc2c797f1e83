package documents

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"
	"strconv"

	"google.golang.org/protobuf/proto"

	"github.com/chekan-io/chekan/cloud/internal/access"
	"github.com/chekan-io/chekan/cloud/internal/store"
	"github.com/chekan-io/chekan/cloud/internal/store/db"
	cabinetv1 "github.com/chekan-io/chekan/proto/gen/cabinet/v1"
	fiscalv1 "github.com/chekan-io/chekan/proto/gen/fiscal/v1"
)

// Past is something that was done at a till: an operation, or a command by its id.
type Past struct {
	// OrganisationID, OutletID and TillID are whose it is and where the till stands.
	OrganisationID, OutletID, TillID string
	// Till and Outlet are their names.
	Till, Outlet string
	// At is when it was accepted or asked for, Unix microseconds.
	At int64
	// Operation is nil for a command.
	Operation *fiscalv1.Operation
	// Command is the id of a command.
	Command string
	id      string
}

// historyPasses bounds how often a list is read on while what it reads is not what was asked.
const historyPasses = 40

// History gives a page of what was done at the tills within reach, newest first, and the mark of the next page. Commands that keep
// refuses are left out: what they are is known to package fleet.
func (d *Documents) History(ctx context.Context, reach access.Reach, f *cabinetv1.HistoryFilter, keep func(*Past) (bool, error), page string, limit int) ([]Past, string, error) {
	if err := checkHistory(f); err != nil {
		return nil, "", err
	}
	at, id := int64(math.MaxInt64), ""
	if page != "" {
		fields, err := openMark(page, 2)
		if err != nil {
			return nil, "", err
		}
		if at, err = strconv.ParseInt(fields[0], 10, 64); err != nil {
			return nil, "", fmt.Errorf("mark of a page: %w", ErrInvalid)
		}
		id = fields[1]
	}
	var list []Past
	for range historyPasses {
		rows, err := d.past(ctx, reach, f, at, id, limit+1)
		if err != nil {
			return nil, "", err
		}
		more := len(rows) > limit
		for i := range rows {
			if len(list) == limit {
				last := &list[limit-1]
				return list, mark(strconv.FormatInt(last.At, 10), last.id), nil
			}
			at, id = rows[i].At, rows[i].id
			kept, err := keep(&rows[i])
			if err != nil {
				return nil, "", err
			}
			if kept && wanted(f, rows[i].Operation) {
				list = append(list, rows[i])
			}
		}
		if !more {
			return list, "", nil
		}
	}
	return list, mark(strconv.FormatInt(at, 10), id), nil
}

func checkHistory(f *cabinetv1.HistoryFilter) error {
	switch {
	case f.GetFromMs() < 0 || f.GetBeforeMs() < 0 || f.GetFromMs() > 1<<50 || f.GetBeforeMs() > 1<<50:
		return fmt.Errorf("times of the period: %w", ErrInvalid)
	case f.GetBeforeMs() != 0 && f.GetBeforeMs() <= f.GetFromMs():
		return fmt.Errorf("the period ends before it begins: %w", ErrInvalid)
	case len(f.GetKinds()) > 30 || len(f.GetActions()) > 50:
		return fmt.Errorf("too many kinds or actions: %w", ErrInvalid)
	case len(f.GetTillId()) > 64 || !store.Keeps(f.GetTillId()):
		return fmt.Errorf("till_id: %w", ErrInvalid)
	}
	return nil
}

// Lists tells which of operations and commands a filter asks for: what is told of the ones leaves out the others.
func lists(f *cabinetv1.HistoryFilter) (operations, commands bool) {
	operations = f.GetWhat() != cabinetv1.HistoryKind_HISTORY_KIND_COMMANDS && f.GetState() == 0
	commands = f.GetWhat() != cabinetv1.HistoryKind_HISTORY_KIND_OPERATIONS && f.GetStage() == 0 && f.GetOutcome() == 0
	if len(f.GetKinds())+len(f.GetActions()) > 0 {
		operations = operations && len(f.GetKinds()) > 0
		commands = commands && len(f.GetActions()) > 0
	}
	return operations, commands
}

// wanted tells whether an operation is what a filter asks for; a command is asked of whoever keeps them.
func wanted(f *cabinetv1.HistoryFilter, op *fiscalv1.Operation) bool {
	return op == nil || (len(f.GetKinds()) == 0 || slices.Contains(f.GetKinds(), op.GetKind())) && (f.GetOutcome() == 0 || op.GetOutcome() == f.GetOutcome())
}

// past reads on behind a place.
func (d *Documents) past(ctx context.Context, reach access.Reach, f *cabinetv1.HistoryFilter, at int64, id string, limit int) ([]Past, error) {
	var list []Past
	before := int64(math.MaxInt64)
	if f.GetBeforeMs() != 0 {
		before = f.GetBeforeMs() * 1000
	}
	operations, commands := lists(f)
	for _, scope := range reach {
		if operations {
			rows, err := d.pastOperations(ctx, db.ListHistoryParams{
				OrganisationID: scope.OrganisationID, Limit: int32(limit), First: f.GetFromMs() * 1000, Before: before, Stage: int32(f.GetStage()),
				Scope: scope.Match(), BeforeAt: at, BeforeKey: id,
			}, f.GetTillId())
			if err != nil {
				return nil, err
			}
			for _, row := range rows {
				op := new(fiscalv1.Operation)
				if err := proto.Unmarshal(row.Body, op); err != nil {
					return nil, fmt.Errorf("operation %q: %w", row.Key, err)
				}
				op.InCloud = true
				list = append(list, Past{
					OrganisationID: scope.OrganisationID, OutletID: row.OutletID, TillID: row.TillID, Till: row.Till, Outlet: row.Outlet, At: row.AcceptedAt,
					Operation: op, id: row.Key,
				})
			}
		}
		if !commands {
			continue
		}
		rows, err := d.store.Read().ListHistoryCommands(ctx, db.ListHistoryCommandsParams{
			OrganisationID: scope.OrganisationID, Limit: int32(limit), First: f.GetFromMs() * 1000, Before: before, TillID: f.GetTillId(),
			State: int32(f.GetState()), Scope: scope.Match(), BeforeAt: at, BeforeID: id,
		})
		if err != nil {
			return nil, fmt.Errorf("list commands: %w", err)
		}
		for _, row := range rows {
			list = append(list, Past{
				OrganisationID: scope.OrganisationID, OutletID: row.OutletID, TillID: row.TillID, Till: row.Till, Outlet: row.Outlet, At: row.CreatedAt,
				Command: row.ID, id: row.ID,
			})
		}
	}
	slices.SortFunc(list, func(a, b Past) int { return cmp.Or(cmp.Compare(b.At, a.At), cmp.Compare(b.id, a.id)) })
	return list[:min(len(list), limit)], nil
}

func (d *Documents) pastOperations(ctx context.Context, p db.ListHistoryParams, tillID string) ([]db.ListHistoryRow, error) {
	if tillID == "" {
		rows, err := d.store.Read().ListHistory(ctx, p)
		if err != nil {
			return nil, fmt.Errorf("list operations: %w", err)
		}
		return rows, nil
	}
	of, err := d.store.Read().ListHistoryOfTill(ctx, db.ListHistoryOfTillParams{
		OrganisationID: p.OrganisationID, Limit: p.Limit, TillID: tillID, First: p.First, Before: p.Before, Stage: p.Stage, Scope: p.Scope,
		BeforeAt: p.BeforeAt, BeforeKey: p.BeforeKey,
	})
	if err != nil {
		return nil, fmt.Errorf("list operations of till: %w", err)
	}
	rows := make([]db.ListHistoryRow, 0, len(of))
	for _, row := range of {
		rows = append(rows, db.ListHistoryRow(row))
	}
	return rows, nil
}
