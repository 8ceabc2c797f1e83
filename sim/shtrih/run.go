package shtrih

import (
	codec "github.com/chekan-io/chekan/protocol/shtrih"
)

// run executes a decoded command that passed every general check.
func (d *Device) run(c *call, req codec.Request) (codec.Answer, error) {
	switch r := req.(type) {
	// Who is there, how are you.
	case codec.ShortStatus:
		return d.shortStatus(c), nil
	case codec.FullStatus:
		return d.fullStatus(c), nil
	case codec.ExtendedQuery:
		return d.extendedQuery(r)
	case codec.DeviceType:
		return d.deviceType(), nil
	case codec.ErrorText:
		return d.errorText(r)
	case codec.MoneyRegister:
		return d.moneyRegister(c, r)
	case codec.OperationRegister:
		return d.operationRegister(c, r)
	case codec.FontParams:
		return codec.FontAnswer{Width: 380, CharWidth: 12, CharHeight: 24, Fonts: 8}, nil
	case codec.GetPort:
		return codec.PortAnswer{Baud: 6, Timeout: 100}, nil
	case codec.SetPort:
		return d.setPort(c)
	case codec.Service:
		return d.service(c, r)

	// Settings and clock.
	case codec.ReadTable:
		v, err := d.tableField(r.Table, r.Row, r.Field)
		if err != nil {
			return nil, err
		}
		return codec.TableValueAnswer{Value: v}, nil
	case codec.WriteTable:
		return d.writeTable(r)
	case codec.TableInfo:
		return tableInfo(r)
	case codec.FieldInfo:
		return fieldInfo(r)
	case codec.InitTables:
		d.nv.Tables = map[string][]byte{}
		return d.empty(c)
	case codec.SetTime:
		return d.setTime(c, r)
	case codec.SetDate:
		return d.setDate(r)
	case codec.ConfirmDate:
		return d.confirmDate(c, r)
	case codec.TechReset:
		d.nv.RAMBad, d.nv.ClockLost = false, true
		return d.empty(c)
	case codec.StopOutput:
		d.out = output{}
		return d.empty(c)

	// Shifts, cash, reports.
	case codec.OpenShift:
		return d.openShift(c)
	case codec.CloseShift:
		return d.closeShift(c, true)
	case codec.BufferedZ:
		return d.closeShift(c, false)
	case codec.FNOpenShift:
		return d.fnOpenShift(c)
	case codec.FNCloseShift:
		return d.fnCloseShift(c)
	case codec.BeginOpenShift:
		return d.begin(c, beginOpenShift)
	case codec.BeginCloseShift:
		return d.begin(c, beginCloseShift)
	case codec.XReport:
		return d.xReport(c)
	case codec.CashIn:
		return d.cash(c, r.Sum, true)
	case codec.CashOut:
		return d.cash(c, r.Sum, false)
	case codec.BeginSettlement:
		return d.begin(c, beginReport)
	case codec.Settlement:
		return d.settlement(c)

	// Receipts.
	case codec.OpenReceipt:
		return d.openReceipt(c, r)
	case codec.OperationV2:
		return d.operationV2(c, r)
	case codec.Operation:
		return d.operation(c, r)
	case codec.OperationTLV:
		return d.operationTLV(c, r.TLV)
	case codec.Adjustment:
		return d.adjust(c, r)
	case codec.ReceiptDiscount:
		return d.receiptDiscount(c, r)
	case codec.Subtotal:
		return codec.SubtotalAnswer{Operator: c.operator, Sum: max(d.nv.Receipt.total(), 0)}, nil
	case codec.CloseReceipt:
		return d.closeClassic(c, r.Payments[:], r.Discount, r.Text)
	case codec.CloseReceiptExt:
		return d.closeClassic(c, r.Payments[:], r.Discount, r.Text)
	case codec.CloseReceiptV2:
		return d.closeV2(c, r)
	case codec.CancelReceipt:
		return d.cancel(c)
	case codec.SendTLV:
		return d.sendTLV(c, r.TLV)
	case codec.SendBufferedTLV:
		return d.sendTLV(c, d.relay.takeTLV())
	case codec.BeginCorrection:
		return d.begin(c, beginCorrection)
	case codec.Correction:
		return d.correction(c, r)
	case codec.CorrectionV2:
		return d.correctionV2(c, r)

	// Printing.
	case codec.PrintString:
		return d.printText(c, r.Text)
	case codec.PrintBold:
		return d.printText(c, r.Text)
	case codec.PrintFont:
		return d.printText(c, r.Text)
	case codec.ContinuePrint:
		return d.continuePrint(c)
	case codec.RepeatDocument:
		return d.repeat(c)
	case codec.OpenNonFiscal:
		return d.nonFiscal(c, true)
	case codec.CloseNonFiscal:
		return d.nonFiscal(c, false)
	case codec.Cut, codec.Feed, codec.OpenDrawer, codec.PrintClicheHead, codec.PrintDocumentEnd, codec.PrintAdvert, codec.PrintRegisters:
		return codec.OperatorAnswer{For: c.code, Operator: c.operator}, nil
	case codec.Beep:
		return codec.OperatorAnswer{For: c.code, Operator: c.operator}, nil
	}
	return d.runFN(c, req)
}

// empty is the answer of nothing.
func (d *Device) empty(c *call) (codec.Answer, error) { return codec.EmptyAnswer{For: c.code}, nil }

// setPort is 14h. The speed belongs to the wire; what a till does besides is
// to find out the protocol anew.
func (d *Device) setPort(c *call) (codec.Answer, error) {
	if l := d.links[c.session.port]; l != nil && l.protocol.get() == 1 {
		l.protocol.set(0)
	}
	return d.empty(c)
}

// service is FEh: reboot answers nothing.
func (d *Device) service(c *call, r codec.Service) (codec.Answer, error) {
	switch r.Code() {
	case codec.CodeServiceReboot:
		d.reboot()
		return nil, errSilent
	case codec.CodeServicePing:
		return codec.RawAnswer{For: c.code, Data: []byte{0}}, nil
	}
	return nil, refuse(codec.ErrNotSupported)
}
