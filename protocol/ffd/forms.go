package ffd

import "github.com/chekan-io/chekan/protocol/fiscal"

// tagSet is a set of tags of the dictionary's low part.
type tagSet [(lowTags + 63) / 64]uint64

func (s *tagSet) add(t Tag) {
	if t < lowTags {
		s[t/64] |= 1 << (t % 64)
	}
}

func (s *tagSet) has(t Tag) bool { return t < lowTags && s[t/64]&(1<<(t%64)) != 0 }

func setOf(tags ...Tag) *tagSet {
	var s tagSet
	for _, t := range tags {
		s.add(t)
	}
	return &s
}

// inEvery are the objects that stand in every document a memory forms.
var inEvery = []Tag{TagFormat, TagINN, TagTime, TagRNM, TagFD, TagFN, TagSign}

// needed105 are the tags that FFD 1.05 and 1.1 demand besides inEvery: without
// them operators refused a document.
var needed105 = map[fiscal.DocumentType][]Tag{
	fiscal.DocRegistration: {
		TagPrinterInAutomat, TagKKTVersion, TagKKTFormat, TagSerial, TagUser, TagTaxSystems, TagOffline, TagBSO, TagServices, TagEncryption,
		TagAutomatic, TagInternet, TagCashier, TagPlace,
	},
	fiscal.DocReregistration: {
		TagPrinterInAutomat, TagKKTVersion, TagKKTFormat, TagSerial, TagUser, TagTaxSystems, TagOffline, TagBSO, TagServices, TagEncryption,
		TagAutomatic, TagInternet, TagCashier, TagPlace, TagReason,
	},
	fiscal.DocShiftOpened:      {TagShift},
	fiscal.DocSettlementReport: {TagOffline, TagUnsentFD, TagUnsent, TagUnsentFrom},
	fiscal.DocReceipt:          {TagReceiptNumber, TagShift, TagSettlement, TagTaxSystem, TagTotal},
	fiscal.DocBSO:              {TagReceiptNumber, TagShift, TagSettlement, TagTaxSystem, TagTotal},
	fiscal.DocCorrection: {
		TagReceiptNumber, TagShift, TagSettlement, TagTaxSystem, TagTotal, TagCorrectionType, TagCorrectionBasis, TagCashier,
	},
	fiscal.DocBSOCorrection: {
		TagReceiptNumber, TagShift, TagSettlement, TagTaxSystem, TagTotal, TagCorrectionType, TagCorrectionBasis, TagCashier,
	},
	fiscal.DocShiftClosed: {
		TagShift, TagReceipts, TagDocuments, TagUnsent, TagUnsentFrom, TagOFDTimeout, TagFNReplace, TagFNFull, TagFNExhausted,
	},
	fiscal.DocArchiveClosed:  {TagUser, TagPlace, TagCashier},
	fiscal.DocOperatorTicket: {},
}

// needed12 are the tags that FFD 1.2 demands besides inEvery.
var needed12 = map[fiscal.DocumentType][]Tag{
	fiscal.DocRegistration: {
		TagUser, TagOffline, TagEncryption, TagAutomatic, TagConditions, TagSerial, TagCashier, TagAddress, TagPlace, TagKKTVersion, TagKKTFormat,
		TagFNFormat, TagKeyDays,
	},
	fiscal.DocReregistration: {
		TagUser, TagOffline, TagEncryption, TagAutomatic, TagConditions, TagSerial, TagCashier, TagAddress, TagPlace, TagKKTVersion, TagKKTFormat,
		TagFNFormat, TagKeyDays, TagReasons,
	},
	fiscal.DocShiftOpened:      {TagShift, TagKKTVersion, TagKKTFormat},
	fiscal.DocSettlementReport: {TagKeyDays, TagFNTotals},
	fiscal.DocReceipt:          {TagReceiptNumber, TagShift, TagSettlement, TagAddress, TagPlace, TagItem, TagTotal},
	fiscal.DocBSO:              {TagReceiptNumber, TagShift, TagSettlement, TagAddress, TagPlace, TagItem, TagTotal},
	fiscal.DocCorrection: {
		TagReceiptNumber, TagShift, TagSettlement, TagAddress, TagPlace, TagItem, TagTotal, TagCorrectionType, TagCorrectionBasis,
	},
	fiscal.DocBSOCorrection: {
		TagReceiptNumber, TagShift, TagSettlement, TagAddress, TagPlace, TagItem, TagTotal, TagCorrectionType, TagCorrectionBasis,
	},
	fiscal.DocShiftClosed:    {TagShift, TagReceipts, TagDocuments, TagShiftTotals, TagFNTotals, TagKeyDays},
	fiscal.DocArchiveClosed:  {TagUser, TagAddress, TagPlace, TagShift, TagFNTotals},
	fiscal.DocOperatorTicket: {},
}

// inTicket are the tags of the operator's own document, which no memory forms.
var inTicket = []Tag{TagOFDINN, TagFN, TagFD, TagTime, TagOperatorMessageFN, TagOperatorSign}

// needed gives the tags a form demands in two parts, those of every version and
// those of one; ok is false for a form that is none.
func needed(form fiscal.DocumentType, v Version) (every, own []Tag, ok bool) {
	table := needed105
	if v == V12 {
		table = needed12
	}
	if own, ok = table[form]; v == 0 {
		own = nil
	}
	if form == fiscal.DocOperatorTicket {
		return inTicket, nil, true
	}
	return inEvery, own, ok
}

// neededInside are the tags a group demands, whatever the version.
var neededInside = map[Tag][]Tag{
	TagItem:              {TagPrice, TagQuantity, TagItemSum},
	TagUserData:          {TagUserDataName, TagUserDataValue},
	TagCorrectionBasis:   {TagCorrectionDate},
	TagVATSums:           {TagVATSum},
	TagVATSum:            {TagVAT, TagVATAmount},
	TagItemIndustry:      {TagIndustryBody, TagIndustryDate, TagIndustryNumber, TagIndustryValue},
	TagReceiptIndustry:   {TagIndustryBody, TagIndustryDate, TagIndustryNumber, TagIndustryValue},
	TagOperation:         {TagOperationID, TagOperationData, TagOperationTime},
	TagFraction:          {TagFractionText, TagNumerator, TagDenominator},
	TagCashless:          {TagCashlessPayment},
	TagCashlessPayment:   {TagCashlessSum, TagCashlessSign},
	TagShiftTotals:       {TagAllReceipts},
	TagFNTotals:          {TagAllReceipts},
	TagUnsentTotals:      {TagAllReceipts},
	TagOperatorMessageFN: {TagAnswerCode},
}

// insideOf is neededInside without the cost of a map for every line of a receipt.
func insideOf(t Tag) []Tag {
	if t == TagItem {
		return inItem
	}
	return neededInside[t]
}

var inItem = neededInside[TagItem]

// repeats are the tags that may stand more than once beside each other.
var repeats = setOf(TagItem, TagPaymentAgentPhone, TagPaymentOperatorPhone, TagTransferOperatorPhone, TagSupplierPhone, TagVATSum,
	TagItemIndustry, TagReceiptIndustry, TagCashlessPayment, TagMarkedProductData)

// unlimited are the groups of counters: the limits the dictionary has for them
// are older than what they hold.
var unlimited = setOf(TagSales, TagSaleReturns, TagPurchases, TagPurchaseReturns, TagCorrections, TagSaleCorrections, TagPurchaseCorrections,
	TagSaleReturnCorrections, TagPurchaseReturnCorrections, TagFNTotals, TagUnsentTotals, TagShiftTotals)

// formedByMemory are the tags of a form that the memory writes from its own
// knowledge and the parameters of its commands; a till that gave them too would
// have them twice, or refused.
func formedByMemory(form fiscal.DocumentType, v Version) *tagSet {
	if v == 0 {
		v = V12
	}
	return memorySets[v][form]
}

var memorySets = buildMemorySets()

func buildMemorySets() (sets [V12 + 1]map[fiscal.DocumentType]*tagSet) {
	for v := V105; v <= V12; v++ {
		sets[v] = map[fiscal.DocumentType]*tagSet{}
		for form := range needed12 {
			s := setOf(TagFN, TagRNM, TagINN, TagFD, TagTime, TagSign)
			for _, t := range memoryTags(form, v) {
				s.add(t)
			}
			sets[v][form] = s
		}
	}
	return sets
}

func memoryTags(form fiscal.DocumentType, v Version) []Tag {
	switch form {
	case fiscal.DocRegistration, fiscal.DocReregistration:
		tags := []Tag{TagEncryption, TagOffline, TagAutomatic, TagServices, TagBSO, TagInternet, TagTaxSystems, TagReason}
		if v == V11 {
			for _, m := range extendedModes {
				tags = append(tags, m.tag)
			}
		}
		if v > V105 {
			tags = append(tags, TagReasons, TagOFDINN, TagFNFormat)
		}
		if v == V12 {
			tags = append(tags, TagConditions, TagKeyDays, TagFNTotals)
		}
		return tags
	case fiscal.DocReceipt, fiscal.DocBSO, fiscal.DocCorrection, fiscal.DocBSOCorrection:
		return []Tag{TagShift, TagReceiptNumber, TagSettlement, TagTotal}
	case fiscal.DocShiftOpened:
		return []Tag{TagShift, TagFNExhausted, TagFNReplace, TagFNFull, TagOFDTimeout}
	case fiscal.DocShiftClosed:
		return []Tag{
			TagShift, TagDocuments, TagReceipts, TagUnsent, TagUnsentFrom, TagFNExhausted, TagFNReplace, TagFNFull, TagOFDTimeout,
			TagShiftTotals, TagFNTotals, TagKeyDays, TagUnsentNotifications, TagBadMarkingCodes, TagBadMarkingRequests,
		}
	case fiscal.DocSettlementReport:
		return []Tag{
			TagShift, TagOffline, TagUnsent, TagUnsentFrom, TagUnsentFD, TagFNTotals, TagUnsentTotals, TagKeyDays, TagUnsentNotifications,
		}
	case fiscal.DocArchiveClosed:
		return []Tag{TagShift, TagFNTotals}
	case fiscal.DocOperatorTicket: // no memory forms it
	}
	return nil
}

// givenLimits is how many bytes of objects a memory takes for a document (FN interface 1.2, §3).
var givenLimits = map[fiscal.DocumentType]int{
	fiscal.DocRegistration: 2 << 10, fiscal.DocReregistration: 2 << 10, fiscal.DocArchiveClosed: 2 << 10, fiscal.DocSettlementReport: 2 << 10,
	fiscal.DocShiftOpened: 1 << 10, fiscal.DocShiftClosed: 1 << 10,
	fiscal.DocReceipt: 30 << 10, fiscal.DocBSO: 30 << 10, fiscal.DocCorrection: 30 << 10, fiscal.DocBSOCorrection: 30 << 10,
}

// formNames say in Russian what a form is.
var formNames = map[fiscal.DocumentType]string{
	fiscal.DocRegistration: "отчёт о регистрации", fiscal.DocReregistration: "отчёт об изменении параметров регистрации",
	fiscal.DocShiftOpened: "отчёт об открытии смены", fiscal.DocSettlementReport: "отчёт о текущем состоянии расчётов",
	fiscal.DocReceipt: "кассовый чек", fiscal.DocCorrection: "кассовый чек коррекции", fiscal.DocBSO: "бланк строгой отчётности",
	fiscal.DocBSOCorrection: "БСО коррекции", fiscal.DocShiftClosed: "отчёт о закрытии смены",
	fiscal.DocArchiveClosed: "отчёт о закрытии фискального накопителя", fiscal.DocOperatorTicket: "подтверждение оператора",
}

// FormName says in Russian what a form is called; "" when it is none.
func FormName(form fiscal.DocumentType) string { return formNames[form] }
