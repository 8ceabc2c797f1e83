package ffd

import (
	"strings"

	"github.com/chekan-io/chekan/protocol/fiscal"
)

// Registration reads what a till was registered with from its report (forms 1
// and 11); ok is false for any other form.
func (d Document) Registration() (reg fiscal.Registration, ok bool) {
	if d.Type != fiscal.DocRegistration && d.Type != fiscal.DocReregistration {
		return reg, false
	}
	if v := d.Version(); v != 0 {
		reg.FFD = v.String()
	}
	mode := func(f *Field, m fiscal.Mode) {
		if f.Uint() == 1 {
			reg.Modes |= m
		}
	}
	for i := range d.Fields {
		switch f := &d.Fields[i]; f.Tag {
		case TagINN:
			reg.INN = f.INN()
		case TagRNM:
			reg.RNM = f.Text()
		case TagSerial:
			reg.Serial = f.Text()
		case TagUser:
			reg.User = f.Text()
		case TagAddress:
			reg.Address = f.Text()
		case TagPlace:
			reg.Place = f.Text()
		case TagTaxSystems:
			reg.TaxSystems = fiscal.TaxSystem(f.Uint())
		case TagOFDINN:
			reg.OFDINN = f.INN()
		case TagOFDName:
			reg.OFDName = f.Text()
		case TagAutomat:
			reg.Automat = f.Text()
		case TagSite:
			reg.Site = f.Text()
		case TagSender:
			reg.Sender = f.Text()
		case TagCashier:
			reg.Cashier.Name = f.Text()
		case TagCashierINN:
			reg.Cashier.INN = f.INN()
		case TagReasons:
			reg.Reasons = uint32(f.Uint())
		case TagReason:
			reg.NewFN = f.Uint() == 1
		case TagConditions:
			for _, c := range conditionBits {
				if f.Uint()&(1<<c.bit) != 0 {
					reg.Modes |= c.mode
				}
			}
		case TagAgent:
			if f.Uint() != 0 {
				reg.Modes |= fiscal.ModeAgents
			}
		case TagAutomatic:
			mode(f, fiscal.ModeAutomatic)
		case TagOffline:
			mode(f, fiscal.ModeOffline)
		case TagEncryption:
			mode(f, fiscal.ModeEncryption)
		case TagInternet:
			mode(f, fiscal.ModeInternet)
		case TagServices:
			mode(f, fiscal.ModeServices)
		case TagBSO:
			mode(f, fiscal.ModeBSO)
		case TagExcise:
			mode(f, fiscal.ModeExcise)
		case TagGambling:
			mode(f, fiscal.ModeGambling)
		case TagLottery:
			mode(f, fiscal.ModeLottery)
		}
	}
	if reg.Reasons&1 != 0 {
		reg.NewFN = true
	}
	return reg, true
}

// Receipt reads what was settled from a receipt or a correction; ok is false
// for any other form. The change is gone from the cash, the department and the
// printed text never were in it, and a correction of 1.05 has no items.
func (d Document) Receipt() (r fiscal.Receipt, ok bool) {
	if !isReceipt(d.Type) {
		return r, false
	}
	var lines, total fiscal.Money
	for i := range d.Fields {
		f := &d.Fields[i]
		if p := payment(&r.Payments, f.Tag); p != nil {
			*p = f.Sum()
		}
		switch f.Tag {
		case TagSettlement:
			if k := fiscal.Kind(f.Uint()); k.IsReceipt() {
				r.Kind = k
			}
		case TagTotal:
			total = f.Sum()
		case TagTaxSystem:
			r.TaxSystem = fiscal.TaxSystem(f.Uint())
		case TagCashier:
			r.Cashier.Name = f.Text()
		case TagCashierINN:
			r.Cashier.INN = f.INN()
		case TagCustomer:
			r.Customer = f.Text()
		case TagItem:
			item := readItem(f)
			r.Items = append(r.Items, item)
			lines += item.Sum
		case TagCorrectionType:
			r.Correction = correctionOf(r.Correction)
			r.Correction.ByOrder = f.Uint() == 1
		case TagCorrectionBasis:
			r.Correction = correctionOf(r.Correction)
			readBasis(f, r.Correction)
		}
	}
	if d := lines - total; len(r.Items) > 0 && d > 0 && d <= maxRounding {
		r.Rounding = d
	}
	r.Marker = d.Fact().Marker
	return r, true
}

func correctionOf(c *fiscal.Correction) *fiscal.Correction {
	if c == nil {
		return new(fiscal.Correction)
	}
	return c
}

func readBasis(f *Field, c *fiscal.Correction) {
	for i := range f.Fields {
		switch g := &f.Fields[i]; g.Tag {
		case TagCorrectionReason:
			c.Reason = g.Text()
		case TagCorrectionDate:
			c.Date = g.Time()
		case TagCorrectionNumber:
			c.Number = g.Text()
		}
	}
}

func readItem(f *Field) fiscal.Item {
	var out fiscal.Item
	for i := range f.Fields {
		switch g := &f.Fields[i]; g.Tag {
		case TagName:
			out.Name = strings.TrimSpace(g.Text())
		case TagQuantity:
			out.Quantity = g.Amount()
		case TagPrice:
			out.Price = g.Sum()
		case TagItemSum:
			out.Sum = g.Sum()
		case TagVAT:
			out.VAT = fiscal.VAT(g.Uint())
		case TagMethod:
			out.Method = int(g.Uint())
		case TagSubject:
			out.Subject = int(g.Uint())
		}
	}
	return out
}
