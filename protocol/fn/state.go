package fn

import (
	"fmt"
	"strings"
)

// Phase is the life phase of an accumulator, a bit field that only grows.
type Phase byte

// Phases (FN interface 1.2, §4.2).
const (
	PhaseNone       Phase = 0  // not set up by its maker
	PhaseReady      Phase = 1  // set up, not registered
	PhaseFiscal     Phase = 3  // fiscal mode
	PhasePostFiscal Phase = 7  // fiscal mode closed, documents still go to the operator
	PhaseArchive    Phase = 15 // everything delivered, read only
)

// String names the phase in Russian.
func (p Phase) String() string {
	switch p {
	case PhaseNone:
		return "не настроен"
	case PhaseReady:
		return "готов к регистрации"
	case PhaseFiscal:
		return "фискальный режим"
	case PhasePostFiscal:
		return "фискальный режим закрыт, идёт передача"
	case PhaseArchive:
		return "архив закрыт, только чтение"
	}
	return fmt.Sprintf("фаза %02Xh", byte(p))
}

// Current says which document is being prepared. The numbers are not those of
// FFD forms.
type Current byte

// Documents in preparation.
const (
	CurrentNone          Current = 0x00
	CurrentRegistration  Current = 0x01
	CurrentOpenShift     Current = 0x02
	CurrentReceipt       Current = 0x04
	CurrentCloseShift    Current = 0x08
	CurrentCloseArchive  Current = 0x10
	CurrentBSO           Current = 0x11
	CurrentReplacement   Current = 0x12 // re-registration with another accumulator
	CurrentChange        Current = 0x13 // re-registration
	CurrentCorrection    Current = 0x14
	CurrentBSOCorrection Current = 0x15
	CurrentReport        Current = 0x17
)

var currentNames = map[Current]string{
	CurrentNone: "нет", CurrentRegistration: "регистрация", CurrentOpenShift: "открытие смены", CurrentReceipt: "чек",
	CurrentCloseShift: "закрытие смены", CurrentCloseArchive: "закрытие фискального режима", CurrentBSO: "БСО",
	CurrentReplacement: "перерегистрация с заменой ФН", CurrentChange: "перерегистрация", CurrentCorrection: "чек коррекции",
	CurrentBSOCorrection: "БСО коррекции", CurrentReport: "отчёт о состоянии расчётов",
}

// String names the document in Russian.
func (c Current) String() string {
	if s, ok := currentNames[c]; ok {
		return s
	}
	return fmt.Sprintf("документ %02Xh", byte(c))
}

// Warnings is the set of what an accumulator warns of. The first three, the
// fourth and the last are of the interface description; the others are second
// hand.
type Warnings byte

// Warnings.
const (
	WarnReplaceNow  Warnings = 1 << iota // service life ends within 3 days
	WarnReplaceSoon                      // within 30 days
	WarnMemory                           // archive 90 % full; 99 % since FFD 1.2
	WarnOperator                         // the operator does not answer
	WarnFormat                           // the operator's last answer refused the format
	WarnSetup                            // the operator asks for attention to the till (tag 1206)
	WarnAnnulled                         // the operator ends its work (tag 1206)
	WarnCritical                         // the accumulator failed
)

var warningTexts = [...]string{
	"срок службы ФН заканчивается через 3 дня или раньше",
	"срок службы ФН заканчивается через 30 дней или раньше",
	"память ФН почти заполнена",
	"оператор фискальных данных долго не отвечает",
	"оператор фискальных данных отказал в формате документа",
	"оператор фискальных данных требует настроить кассу",
	"оператор фискальных данных прекращает работу",
	"критическая ошибка ФН",
}

// Has tells whether all warnings of w2 are set.
func (w Warnings) Has(w2 Warnings) bool { return w&w2 == w2 }

// Texts gives the warnings as Russian sentences.
func (w Warnings) Texts() []string {
	var out []string
	for i, s := range warningTexts {
		if w&(1<<i) != 0 {
			out = append(out, s)
		}
	}
	return out
}

// String joins the sentences.
func (w Warnings) String() string {
	if w == 0 {
		return "нет"
	}
	return strings.Join(w.Texts(), "; ")
}

// ExchangeFlags is the state of the exchange with the operator (20h).
type ExchangeFlags byte

// Flags of the exchange.
const (
	ExchangeConnected     ExchangeFlags = 1 << iota // 21h said so
	ExchangeHasMessage                              // one waits to be read
	ExchangeAwaitsTicket                            // one was read, no answer yet
	ExchangeHasCommand                              // from the operator
	ExchangeSettings                                // the operator's settings have changed
	ExchangeAwaitsCommand                           // the answer to the operator's command
)

// Has tells whether all flags of f2 are set.
func (f ExchangeFlags) Has(f2 ExchangeFlags) bool { return f&f2 == f2 }

// Bits of the mode byte of a registration (03h). The last two are second hand
// and differ by the FFD.
const (
	ModeEncryption byte = 1 << iota
	ModeOffline
	ModeAutomatic
	ModeServices
	ModeBSO
	ModeInternet
	ModeCatering // 2016: bank agents
	ModeWholesale
)

// Bits of the extended mode byte (A3h). Second hand.
const (
	ExtExcise byte = 1 << iota
	ExtGambling
	ExtLottery
	ExtPrinter // printer in the automat
	ExtMarking
	ExtPawnshop
	ExtInsurance
	ExtVending
)

// Types of registration (02h).
const (
	RegistrationNew         byte = 0
	RegistrationReplacement byte = 1 // with another accumulator
	RegistrationChange      byte = 2
)

// Reasons of a re-registration (03h; tag 1101).
const (
	ReasonReplacement byte = 1 // set by the accumulator itself for type 1
	ReasonOperator    byte = 2
	ReasonUser        byte = 3
	ReasonSettings    byte = 4
)

// ResetCode is the only parameter 60h takes.
const ResetCode = 0x16
