package health

import (
	"strings"

	"github.com/chekan-io/chekan/drivers"
	"github.com/chekan-io/chekan/protocol/fiscal"
)

// verdictWords are the first sentence of an answer: whether the thing exists.
var verdictWords = map[fiscal.Kind][3]string{
	// Unknown, NotDone, Done
	fiscal.Sale:           {"Выясняем, пробит ли чек. Не бейте ещё раз.", "Чек НЕ пробит.", "Чек пробит."},
	fiscal.SaleReturn:     {"Выясняем, пробит ли возврат. Не бейте ещё раз.", "Возврат НЕ пробит.", "Возврат пробит."},
	fiscal.Purchase:       {"Выясняем, пробит ли чек расхода. Не бейте ещё раз.", "Чек расхода НЕ пробит.", "Чек расхода пробит."},
	fiscal.PurchaseReturn: {"Выясняем, пробит ли возврат расхода. Не бейте ещё раз.", "Возврат расхода НЕ пробит.", "Возврат расхода пробит."},
	fiscal.CashIn:         {"Выясняем, внесены ли деньги. Не повторяйте.", "Внесение НЕ выполнено.", "Внесение выполнено."},
	fiscal.CashOut:        {"Выясняем, выданы ли деньги. Не повторяйте.", "Выплата НЕ выполнена.", "Выплата выполнена."},
	fiscal.OpenShift:      {"Выясняем, открылась ли смена. Не повторяйте.", "Смена НЕ открыта.", "Смена открыта."},
	fiscal.CloseShift:     {"Выясняем, закрылась ли смена. Не повторяйте.", "Смена НЕ закрыта.", "Смена закрыта."},
	fiscal.XReport:        {"Выясняем, снят ли X-отчёт.", "X-отчёт НЕ снят.", "X-отчёт снят."},
	fiscal.Settlement:     {"Выясняем, сделан ли отчёт о расчётах. Не повторяйте.", "Отчёт НЕ сделан.", "Отчёт сделан."},
	fiscal.Register:       {"Выясняем, зарегистрирована ли касса. Не повторяйте.", "Касса НЕ зарегистрирована.", "Касса зарегистрирована."},
	fiscal.Reregister:     {"Выясняем, перерегистрирована ли касса. Не повторяйте.", "Перерегистрация НЕ сделана.", "Касса перерегистрирована."},
	fiscal.CloseArchive:   {"Выясняем, закрыт ли фискальный накопитель. Не повторяйте.", "Фискальный накопитель НЕ закрыт.", "Фискальный накопитель закрыт."},
}

// Sentence is what the cashier reads: whether the document exists, what
// happened, what to do. reason may be empty.
func Sentence(kind fiscal.Kind, outcome fiscal.Outcome, reason Problem) string {
	switch { // not done because it is so already, or may be
	case reason.Code == CodeDuplicate && outcome == fiscal.NotDone:
		w := reason.Words() // «НЕ пробит» would make somebody give the money back
		return "Второй раз не пробито. " + w.Text + " " + w.Todo
	case kind == fiscal.CloseShift && reason.Code == drivers.CodeShiftClosed:
		return "Смена уже закрыта. Закрывать нечего."
	case kind == fiscal.OpenShift && reason.Code == drivers.CodeShiftOpen:
		return "Смена уже открыта. Можно работать."
	}
	words, ok := verdictWords[kind]
	if !ok {
		words = verdictWords[fiscal.Sale]
	}
	parts := []string{words[outcome]}
	if reason.Code != "" && (outcome != fiscal.Unknown || reason.Code != CodeUnfinished) {
		w := reason.Words()
		parts = append(parts, w.Text, w.Todo)
	}
	return strings.Join(parts, " ")
}
