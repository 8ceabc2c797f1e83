package fiscal

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"
)

// Mode is one way a till works, chosen at its registration (FN interface,
// commands 03h and A3h: mode and extended mode bytes; FFD tags 1001, 1002,
// 1056, 1108, 1109, 1110, 1207, 1221, 1290).
type Mode uint16

// Modes. The values are ours, not those of any byte on a wire.
const (
	ModeEncryption Mode = 1 << iota
	ModeOffline         // documents go to no operator
	ModeAutomatic       // in an automat
	ModeServices
	ModeBSO
	ModeInternet
	ModeExcise
	ModeMarking
	ModeGambling
	ModeLottery
	ModeAgents
)

var modeNames = []struct {
	mode Mode
	name string
}{
	{ModeEncryption, "encryption"},
	{ModeOffline, "offline"},
	{ModeAutomatic, "automatic"},
	{ModeServices, "services"},
	{ModeBSO, "bso"},
	{ModeInternet, "internet"},
	{ModeExcise, "excise"},
	{ModeMarking, "marking"},
	{ModeGambling, "gambling"},
	{ModeLottery, "lottery"},
	{ModeAgents, "agents"},
}

// Has tells whether all modes of m2 are chosen.
func (m Mode) Has(m2 Mode) bool { return m&m2 == m2 }

// Names gives the words of the chosen modes, in a fixed order.
func (m Mode) Names() []string {
	var out []string
	for _, n := range modeNames {
		if m.Has(n.mode) {
			out = append(out, n.name)
		}
	}
	return out
}

// ParseModes reads the words of Names; an unknown word is an error that lists those there are.
func ParseModes(names []string) (Mode, error) {
	var m Mode
	for _, name := range names {
		i := slices.IndexFunc(modeNames, func(n struct {
			mode Mode
			name string
		},
		) bool {
			return n.name == name
		})
		if i < 0 {
			all := make([]string, 0, len(modeNames))
			for _, n := range modeNames {
				all = append(all, n.name)
			}
			return 0, fmt.Errorf("режима %q нет, есть: %s", name, strings.Join(all, ", "))
		}
		m |= modeNames[i].mode
	}
	return m, nil
}

// Registration is what a till is registered with: the card of the tax
// service's cabinet, typed into the fiscal memory.
type Registration struct {
	INN        string // of the user: 10 digits, or 12 of a person
	RNM        string // registration number, 16 digits (tag 1037)
	Serial     string // factory number of the till (1013)
	User       string // 1048
	Address    string // 1009
	Place      string // 1187
	TaxSystems TaxSystem
	FFD        string // "1.05", "1.1", "1.2"
	OFDINN     string // 1017; empty in offline mode
	OFDName    string // 1046
	Modes      Mode
	Automat    string // number of the automat (1036)
	Site       string // 1060; "" is nalog.gov.ru
	Sender     string // 1117
	Cashier    Cashier
	Reasons    uint32 // of a change: bits of tag 1205
	NewFN      bool   // of a change: the fiscal memory is a new one
}

// Check finds everything wrong with a registration before any device hears of
// it; change tells a change from a first registration.
func (r Registration) Check(change bool) error {
	var errs FieldErrors
	bad := func(field, format string, args ...any) {
		errs = append(errs, FieldError{Field: field, Text: fmt.Sprintf(format, args...)})
	}
	text := func(field, what, s string, limit int, needed bool) {
		if needed && strings.TrimSpace(s) == "" {
			bad(field, "%s: не заполнено", what)
		}
		if n := utf8.RuneCountInString(s); n > limit {
			bad(field, "%s: %d знаков, можно не больше %d", what, n, limit)
		}
	}
	if err := CheckINN(r.INN); err != nil {
		bad("registration.inn", "%s", err)
	}
	text("registration.serial", "заводской номер", r.Serial, 20, true)
	if CheckINN(r.INN) == nil && r.Serial != "" {
		if err := CheckRNM(r.RNM, r.INN, r.Serial); err != nil {
			bad("registration.rnm", "%s", err)
		}
	}
	text("registration.user", "пользователь", r.User, 256, true)
	text("registration.address", "адрес расчётов", r.Address, 256, true)
	text("registration.place", "место расчётов", r.Place, 256, true)
	text("registration.automat", "номер автомата", r.Automat, 20, r.Modes.Has(ModeAutomatic))
	text("registration.site", "сайт ФНС", r.Site, 256, false)
	text("registration.sender", "почта отправителя чеков", r.Sender, 64, false)
	text("cashier.name", "имя кассира", r.Cashier.Name, 64, false)
	if r.TaxSystems == 0 || r.TaxSystems > 63 {
		bad("registration.tax_systems", "нужна хотя бы одна система налогообложения из 1, 2, 4, 8, 16 и 32, пришло %d", r.TaxSystems)
	}
	if !slices.Contains([]string{"1.05", "1.1", "1.2"}, r.FFD) {
		bad("registration.ffd", "версия ФФД 1.05, 1.1 или 1.2, пришло %q", r.FFD)
	}
	switch {
	case r.Modes.Has(ModeOffline):
		if r.OFDINN != "" {
			bad("registration.ofd_inn", "в автономном режиме оператора нет: уберите его ИНН или режим offline")
		}
	default:
		if err := CheckINN(r.OFDINN); err != nil {
			bad("registration.ofd_inn", "ИНН оператора: %s", err)
		}
		text("registration.ofd_name", "оператор фискальных данных", r.OFDName, 256, true)
	}
	if r.Modes.Has(ModeInternet | ModeAutomatic) {
		bad("registration.modes", "касса для интернета не бывает автоматом: оставьте один режим")
	}
	if r.Modes.Has(ModeMarking) && r.FFD != "1.2" {
		bad("registration.modes", "маркировка бывает только с ФФД 1.2")
	}
	switch {
	case change && r.Reasons == 0 && !r.NewFN:
		bad("registration.reasons", "назовите причину перерегистрации (биты тега 1205)")
	case !change && (r.Reasons != 0 || r.NewFN):
		bad("registration.reasons", "у первой регистрации причины не бывает")
	}
	if len(errs) == 0 {
		return nil
	}
	return errs
}
