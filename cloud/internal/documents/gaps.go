package documents

import (
	"context"
	"fmt"

	"github.com/chekan-io/chekan/cloud/internal/access"
	"github.com/chekan-io/chekan/cloud/internal/store"
	"github.com/chekan-io/chekan/cloud/internal/store/db"
	cabinetv1 "github.com/chekan-io/chekan/proto/gen/cabinet/v1"
	fiscalv1 "github.com/chekan-io/chekan/proto/gen/fiscal/v1"
)

// maxGaps bounds the list of gaps.
const maxGaps = 500

// Gaps gives the numbers of documents within reach that are missing, newest memory by memory, and whether there are more. A fiscal memory
// numbers without holes, so a missing number is a document that has not come.
func (d *Documents) Gaps(ctx context.Context, reach access.Reach, till string) (list []Gap, cut bool, err error) {
	for _, scope := range reach {
		if list, cut, err = d.gaps(ctx, scope, till, list); err != nil || cut {
			break
		}
	}
	return list, cut, err
}

// Gap is a gap with where it is.
type Gap struct {
	OrganisationID, OutletID string
	View                     *cabinetv1.Gap
}

func (d *Documents) gaps(ctx context.Context, scope access.Scope, till string, list []Gap) (_ []Gap, cut bool, err error) {
	read, organisation := d.store.Read(), scope.OrganisationID
	memories, err := read.CountMemories(ctx, db.CountMemoriesParams{OrganisationID: organisation, TillID: till})
	if err != nil {
		return nil, false, fmt.Errorf("count documents of memories: %w", err)
	}
	for _, m := range memories {
		if m.Count == m.Last {
			continue
		}
		rows, err := read.ListGaps(ctx, db.ListGapsParams{OrganisationID: organisation, FN: m.FN, Scope: scope.Match(), Limit: int32(maxGaps - len(list) + 1)})
		if err != nil {
			return nil, false, fmt.Errorf("list gaps: %w", err)
		}
		copied, err := read.LastCopied(ctx, db.LastCopiedParams{OrganisationID: organisation, FN: m.FN})
		if err != nil {
			return nil, false, fmt.Errorf("read where copies end: %w", err)
		}
		for _, row := range rows {
			if len(list) == maxGaps {
				return list, true, nil
			}
			g := &cabinetv1.Gap{Fn: row.FN, TillId: row.TillID, First: uint32(row.Previous + 1), Last: uint32(row.FD - 1)}
			g.Cause = causeOf(row, copied)
			if g.Before, err = d.neighbour(ctx, scope, row.FN, row.Previous); err != nil {
				return nil, false, err
			}
			if g.After, err = d.neighbour(ctx, scope, row.FN, row.FD); err != nil {
				return nil, false, err
			}
			list = append(list, Gap{OrganisationID: organisation, OutletID: row.OutletID, View: g})
		}
	}
	return list, false, nil
}

// neighbour gives the document beside a gap; nil when there is none within the scope.
func (d *Documents) neighbour(ctx context.Context, scope access.Scope, fn string, fd int64) (*fiscalv1.Document, error) {
	if fd == 0 {
		return nil, nil
	}
	row, err := d.store.Read().NeighbourDocument(ctx, db.NeighbourDocumentParams{OrganisationID: scope.OrganisationID, FN: fn, FD: fd})
	if store.NotFound(err) || err == nil && !scope.Has(row.OutletID, row.TillID) {
		return nil, nil
	} else if err != nil {
		return nil, fmt.Errorf("read document beside a gap: %w", err)
	}
	return &fiscalv1.Document{
		Fn: row.FN, Fd: uint32(row.FD), Fp: uint32(row.FP), Type: uint32(row.Type), At: row.At, Kind: fiscalv1.Kind(row.Kind), Total: row.Total,
		Shift: uint32(row.Shift), Receipt: uint32(row.Receipt),
	}, nil
}

// Outlets gives the places within reach where tills stand, by name.
func (d *Documents) Outlets(ctx context.Context, reach access.Reach) ([]*cabinetv1.OutletView, error) {
	var list []*cabinetv1.OutletView
	for _, scope := range reach {
		rows, err := d.store.Read().ListOutlets(ctx, scope.OrganisationID)
		if err != nil {
			return nil, fmt.Errorf("list outlets: %w", err)
		}
		for _, row := range rows {
			if scope.Has(row.ID, "") {
				list = append(list, &cabinetv1.OutletView{Id: row.ID, Name: row.Name})
			}
		}
	}
	return list, nil
}

// Missing is a row of numbers of a fiscal memory that never came, although later ones were copied.
type Missing struct {
	FN, TillID  string
	First, Last uint32
}

// Missing gives the numbers of an organisation that somebody has to look after: what came before the agent did and what it has yet to copy
// is explained, and comes by itself or never could.
func (d *Documents) Missing(ctx context.Context, organisation string) (list []Missing, err error) {
	read := d.store.Read()
	memories, err := read.CountMemories(ctx, db.CountMemoriesParams{OrganisationID: organisation})
	if err != nil {
		return nil, fmt.Errorf("count documents of memories: %w", err)
	}
	for _, m := range memories {
		if m.Count == m.Last-m.First+1 || len(list) == maxGaps {
			continue // what is before the first is explained, and nobody counts a whole memory for it
		}
		copied, err := read.LastCopied(ctx, db.LastCopiedParams{OrganisationID: organisation, FN: m.FN})
		if err != nil {
			return nil, fmt.Errorf("read where copies end: %w", err)
		}
		if copied == 0 {
			continue
		}
		rows, err := read.ListGaps(ctx, db.ListGapsParams{OrganisationID: organisation, FN: m.FN, Scope: access.Scope{All: true}.Match(), Limit: int32(maxGaps - len(list))})
		if err != nil {
			return nil, fmt.Errorf("list gaps: %w", err)
		}
		for _, row := range rows {
			if causeOf(row, copied) == cabinetv1.GapCause_GAP_CAUSE_NEVER_CAME {
				list = append(list, Missing{FN: row.FN, TillID: row.TillID, First: uint32(row.Previous + 1), Last: uint32(row.FD - 1)})
			}
		}
	}
	return list, nil
}

// causeOf explains a gap by what was copied of its memory.
func causeOf(row db.ListGapsRow, copied int64) cabinetv1.GapCause {
	switch {
	case row.Previous == 0:
		return cabinetv1.GapCause_GAP_CAUSE_BEFORE_FIRST
	case row.FD-1 > copied: // copies come in order
		return cabinetv1.GapCause_GAP_CAUSE_NOT_COPIED_YET
	}
	return cabinetv1.GapCause_GAP_CAUSE_NEVER_CAME
}
