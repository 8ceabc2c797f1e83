package shtrih

import "github.com/chekan-io/chekan/protocol/fiscal"

// VATCode is the tax byte of [OperationV2] for a rate on a model.
func VATCode(model Model, rate fiscal.VAT) (code byte, ok bool) { return 0, false }

// VATOf is the rate a tax byte means on a model.
func VATOf(model Model, code byte) (rate fiscal.VAT, ok bool) { return 0, false }

// VATRow is the row of table 6 with the rate.
func VATRow(rate fiscal.VAT) (row byte, ok bool) { return 0, false }
