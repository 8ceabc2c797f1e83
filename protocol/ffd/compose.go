package ffd

import "github.com/chekan-io/chekan/protocol/fiscal"

// Receipt gives what a till hands to its fiscal memory for a receipt or a correction.
func Receipt(r fiscal.Receipt, reg fiscal.Registration) ([]Field, error) { return nil, nil }

// ReceiptForm is the form a receipt takes with a registration: 3, 4, 31 or 41.
func ReceiptForm(r fiscal.Receipt, reg fiscal.Registration) fiscal.DocumentType {
	bso := reg.Modes.Has(fiscal.ModeBSO)
	switch {
	case r.Correction != nil && bso:
		return fiscal.DocBSOCorrection
	case r.Correction != nil:
		return fiscal.DocCorrection
	case bso:
		return fiscal.DocBSO
	}
	return fiscal.DocReceipt
}

// ShiftOpening gives what a till hands to its fiscal memory to open a shift.
func ShiftOpening(by fiscal.Cashier, reg fiscal.Registration) ([]Field, error) { return nil, nil }

// ShiftClosing gives what a till hands to its fiscal memory to close a shift.
func ShiftClosing(by fiscal.Cashier, reg fiscal.Registration) ([]Field, error) { return nil, nil }

// Settlement gives what a till hands to its fiscal memory for the report on the state of settlements.
func Settlement(by fiscal.Cashier, reg fiscal.Registration) ([]Field, error) { return nil, nil }

// Registering gives what a till hands to its fiscal memory for a registration or its change.
func Registering(reg fiscal.Registration, change bool) ([]Field, error) { return nil, nil }

// ArchiveClosing gives what a till hands to its fiscal memory to close it.
func ArchiveClosing(by fiscal.Cashier, reg fiscal.Registration) ([]Field, error) { return nil, nil }

// Messages packs objects into the data of as few 07h commands as it takes: whole objects, at most 1024 bytes each.
func Messages(fields []Field) ([][]byte, error) { return nil, nil }
