package ffd

// rowsForms are the forms of documents.
var rowsForms = []Row{
	{Tag: 1, Name: "отчёт о регистрации", JSON: "fiscalReport", Type: TypeGroup, Max: 6144, Versions: inAll},
	{Tag: 2, Name: "отчёт об открытии смены", JSON: "openShift", Type: TypeGroup, Max: 4096, Versions: inAll},
	{Tag: 3, Name: "кассовый чек", JSON: "receipt", Type: TypeGroup, Max: 32768, Versions: inAll},
	{Tag: 4, Name: "бланк строгой отчётности (БСО)", JSON: "bso", Type: TypeGroup, Max: 32768, Versions: inAll},
	{Tag: 5, Name: "отчёт о закрытии смены", JSON: "closeShift", Type: TypeGroup, Max: 4096, Versions: inAll},
	{Tag: 6, Name: "отчёт о закрытии фискального накопителя", JSON: "closeArchive", Type: TypeGroup, Max: 4096, Versions: inAll},
	{Tag: 7, Name: "подтверждение оператора", JSON: "operatorAck", Type: TypeGroup, Max: 512, Versions: inAll},
	{Tag: 11, Name: "отчёт об изменении параметров регистрации", JSON: "fiscalReportCorrection", Type: TypeGroup, Max: 6144, Versions: inAll},
	{Tag: 21, Name: "отчёт о текущем состоянии расчётов", JSON: "currentStateReport", Type: TypeGroup, Max: 32768, Versions: inAll},
	{Tag: 31, Name: "кассовый чек коррекции", JSON: "receiptCorrection", Type: TypeGroup, Max: 32768, Versions: inAll},
	{Tag: 41, Name: "БСО коррекции", JSON: "bsoCorrection", Type: TypeGroup, Max: 32768, Versions: inAll},
	{Tag: 81, Name: "запрос о коде маркировки", JSON: "markingRequest", Type: TypeGroup, Max: 4096, Versions: in12},
	{Tag: 82, Name: "уведомление о реализации маркированного товара", JSON: "markingNotification", Type: TypeGroup, Max: 32768, Versions: in12},
	{Tag: 83, Name: "ответ на запрос о коде маркировки", JSON: "markingAnswer", Type: TypeGroup, Max: 512, Versions: in12},
	{Tag: 84, Name: "квитанция на уведомление о реализации маркированного товара", JSON: "markingReceipt", Type: TypeGroup, Max: 512, Versions: in12},
}

// rowsExport are the envelopes of documents in an archive exported to a file.
var rowsExport = []Row{
	{Tag: 65001, Name: "оболочка файла выгрузки ФН: ФД автономного режима, ФФД 1.0/1.05", JSON: "offlineDocument", Type: TypeGroup, Versions: in105},
	{Tag: 65002, Name: "оболочка файла выгрузки ФН: ФД режима передачи + подтверждение, ФФД 1.0/1.05", JSON: "onlineDocument", Type: TypeGroup, Versions: in105},
	{Tag: 65011, Name: "оболочка файла выгрузки ФН: ФД автономного режима, ФФД 1.1", JSON: "offlineDocument11", Type: TypeGroup, Versions: in11},
	{Tag: 65012, Name: "оболочка файла выгрузки ФН: ФД режима передачи + подтверждение, ФФД 1.1", JSON: "onlineDocument11", Type: TypeGroup, Versions: in11},
}
