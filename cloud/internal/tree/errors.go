package tree

import (
	"errors"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// ErrNotFound says that there is no such node, or none the caller may see.
var ErrNotFound = errors.New("no such place in the tree")

// Reason is a stable word for why a change is refused; the pages have a sentence for each.
type Reason string

// Reasons.
const (
	ReasonKind      Reason = "tree_kind"       // this cannot stand there
	ReasonCycle     Reason = "tree_cycle"      // beneath itself
	ReasonDepth     Reason = "tree_depth"      // too many levels
	ReasonName      Reason = "tree_name"       // empty, too long, or of signs that cannot be seen
	ReasonTaken     Reason = "tree_name_taken" // a neighbour or another outlet is called so
	ReasonAddress   Reason = "tree_address"
	ReasonZone      Reason = "tree_zone"
	ReasonPhone     Reason = "tree_phone"
	ReasonBefore    Reason = "tree_before"    // the neighbour it should stand before is none
	ReasonNotEmpty  Reason = "tree_not_empty" // something stands in it
	ReasonHasAgents Reason = "tree_has_agents"
	ReasonHasRights Reason = "tree_has_rights" // somebody has rights there
)

var sentences = map[Reason]string{
	ReasonKind:      "сюда этого перенести нельзя: касса стоит в торговой точке, точка и отдел — в компании или в отделе",
	ReasonCycle:     "отдел нельзя перенести внутрь него самого",
	ReasonDepth:     "слишком глубоко: под компанией может быть не больше 16 уровней, считая точки и кассы",
	ReasonName:      "название должно иметь от 1 до 100 знаков, без переносов строки",
	ReasonTaken:     "такое название уже есть: дайте другое",
	ReasonAddress:   "адрес длиннее 300 знаков или с непечатными знаками",
	ReasonZone:      "такого часового пояса нет: нужен вид Europe/Moscow или Asia/Almaty",
	ReasonPhone:     "телефон не похож на номер: цифры, пробелы, скобки, дефисы и плюс, от 5 до 15 цифр",
	ReasonBefore:    "соседа, перед которым поставить, здесь уже нет: обновите страницу",
	ReasonNotEmpty:  "удалить можно только пустое: сначала перенесите всё, что внутри",
	ReasonHasAgents: "за точкой числятся агенты: отзовите их или перенесите их кассы в другую точку",
	ReasonHasRights: "на это место выданы права сотрудникам, ключам или сервису: сначала снимите их",
}

// Refused is a change that cannot be made, with why.
type Refused struct{ Reason Reason }

func (r *Refused) Error() string { return sentences[r.Reason] }

func refuse(r Reason) error { return &Refused{r} }

const (
	maxName    = 100
	maxAddress = 300
	maxZone    = 64
)

// Name gives a name as it is kept: single spaces, no others; an error when it is none.
func Name(text string) (string, error) {
	name := strings.Join(strings.Fields(text), " ")
	if name == "" || utf8.RuneCountInString(name) > maxName || !printable(name) {
		return "", refuse(ReasonName)
	}
	return name, nil
}

// printable tells whether every sign of a text can be seen. Marks that turn the direction of what follows cannot: a name with one in
// it could be read as another.
func printable(s string) bool {
	return utf8.ValidString(s) && !strings.ContainsFunc(s, func(r rune) bool { return !unicode.IsPrint(r) })
}

// Check gives details as they are kept.
func (d Details) Check() (Details, error) {
	d = Details{Address: strings.Join(strings.Fields(d.Address), " "), TimeZone: strings.TrimSpace(d.TimeZone), Phone: strings.Join(strings.Fields(d.Phone), " ")}
	if utf8.RuneCountInString(d.Address) > maxAddress || !printable(d.Address) {
		return d, refuse(ReasonAddress)
	}
	if d.TimeZone != "" && !zone(d.TimeZone) {
		return d, refuse(ReasonZone)
	}
	if d.Phone != "" && !phone(d.Phone) {
		return d, refuse(ReasonPhone)
	}
	return d, nil
}

// zone tells whether there is a time zone of that name. "Local" is one only of this computer.
func zone(name string) bool {
	if len(name) > maxZone || name == "Local" || name == "" {
		return false
	}
	_, err := time.LoadLocation(name)
	return err == nil
}

// phone tells whether a text can be a number to call: E.164 has 15 digits at most.
func phone(text string) bool {
	digits := 0
	for i, r := range text {
		switch {
		case r >= '0' && r <= '9':
			digits++
		case r == '+' && i == 0:
		case strings.ContainsRune(" -()", r):
		default:
			return false
		}
	}
	return digits >= 5 && digits <= 15
}
