package shtrih

import "github.com/chekan-io/chekan/protocol/fiscal"

// taxByte is one rate as [OperationV2] and table 6 have it.
type taxByte struct {
	rate fiscal.VAT
	row  byte // of table 6; also the group number of the classic commands
	code byte // of FF46h
	nano byte // of FF46h on НАНО-Ф, where it differs
}

// taxBytes: the rates since 2025 left the one-bit scheme, and those of 2026
// were numbered differently by model (the maker's own driver, February 2026).
var taxBytes = []taxByte{
	{rate: fiscal.VAT20, row: 1, code: 0x01},
	{rate: fiscal.VAT10, row: 2, code: 0x02},
	{rate: fiscal.VAT0, row: 3, code: 0x04},
	{rate: fiscal.VATNone, row: 4, code: 0x08},
	{rate: fiscal.VAT20120, row: 5, code: 0x10},
	{rate: fiscal.VAT10110, row: 6, code: 0x20},
	{rate: fiscal.VAT5, row: 7, code: 0x81},
	{rate: fiscal.VAT7, row: 8, code: 0x82},
	{rate: fiscal.VAT5105, row: 9, code: 0x84},
	{rate: fiscal.VAT7107, row: 10, code: 0x88},
	{rate: fiscal.VAT22, row: 11, code: 0xCB, nano: 0x90},
	{rate: fiscal.VAT22122, row: 12, code: 0xCC, nano: 0xA0},
}

func (t taxByte) on(model Model) byte {
	if model == ModelNano && t.nano != 0 {
		return t.nano
	}
	return t.code
}

// VATCode is the tax byte of [OperationV2] for a rate on a model.
func VATCode(model Model, rate fiscal.VAT) (code byte, ok bool) {
	for _, t := range taxBytes {
		if t.rate == rate {
			return t.on(model), true
		}
	}
	return 0, false
}

// VATOf is the rate a tax byte means on a model.
func VATOf(model Model, code byte) (rate fiscal.VAT, ok bool) {
	for _, t := range taxBytes {
		if t.on(model) == code {
			return t.rate, true
		}
	}
	return 0, false
}

// VATRow is the row of table 6 with the rate. Firmware older than a rate has
// fewer rows: ask the device how many before relying on one.
func VATRow(rate fiscal.VAT) (row byte, ok bool) {
	for _, t := range taxBytes {
		if t.rate == rate {
			return t.row, true
		}
	}
	return 0, false
}
