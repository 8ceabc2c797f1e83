package store

import (
	"cmp"
	"slices"

	"github.com/chekan-io/chekan/cloud/internal/store/db"
	fiscalv1 "github.com/chekan-io/chekan/proto/gen/fiscal/v1"
)

// Forms of fiscal documents (FFD, order of the Federal Tax Service ЕД-7-20/662@, table 4).
const (
	formShiftOpened = 2
	formReceipt     = 3
	formShiftClosed = 5
	formCorrection  = 31
)

type shiftKey struct {
	organisation, fn string
	number           int64
}

// shiftChanges adds up what documents that are new mean for their shifts.
func shiftChanges(documents []db.Document) []db.AddToShiftParams {
	changes := map[shiftKey]*db.AddToShiftParams{}
	for i := range documents {
		d := &documents[i]
		if d.Shift == 0 {
			continue
		}
		key := shiftKey{d.OrganisationID, d.FN, d.Shift}
		c := changes[key]
		if c == nil {
			c = &db.AddToShiftParams{OrganisationID: d.OrganisationID, FN: d.FN, Number: d.Shift, TillID: d.TillID}
			changes[key] = c
		}
		switch d.Type {
		case formShiftOpened:
			c.OpenedAt = d.At
		case formShiftClosed:
			c.ClosedAt = d.At
		case formCorrection:
			c.Corrections++
		case formReceipt:
			c.Receipts++
			if sum := sumOf(c, fiscalv1.Kind(d.Kind)); sum != nil {
				*sum += d.Total
			}
		}
	}
	list := make([]db.AddToShiftParams, 0, len(changes))
	for _, c := range changes {
		list = append(list, *c)
	}
	// Always in one order, so that two transactions never wait for each other in a circle.
	slices.SortFunc(list, func(a, b db.AddToShiftParams) int {
		return cmp.Or(cmp.Compare(a.OrganisationID, b.OrganisationID), cmp.Compare(a.FN, b.FN), cmp.Compare(a.Number, b.Number))
	})
	return list
}

// sumOf gives the sum a receipt of a kind goes into; nil for a kind of tomorrow, which counts as a receipt only.
func sumOf(c *db.AddToShiftParams, kind fiscalv1.Kind) *int64 {
	switch kind { //nolint:exhaustive // the other kinds are no receipts
	case fiscalv1.Kind_KIND_SALE:
		return &c.Sales
	case fiscalv1.Kind_KIND_SALE_RETURN:
		return &c.SaleReturns
	case fiscalv1.Kind_KIND_PURCHASE:
		return &c.Purchases
	case fiscalv1.Kind_KIND_PURCHASE_RETURN:
		return &c.PurchaseReturns
	}
	return nil
}
