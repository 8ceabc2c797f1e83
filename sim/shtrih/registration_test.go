package shtrih

import (
	"github.com/chekan-io/chekan/protocol/fiscal"
	"github.com/chekan-io/chekan/sim/fn"
)

// registered is a complete registration of a till of the default factory
// number.
func registered(format string) *fn.Registration {
	const inn, serial = "7702203276", "0000000000004239"
	reg := fn.RegistrationOf(fiscal.Registration{
		INN: inn, RNM: fiscal.MakeRNM("0000000005", inn, serial), Serial: serial, User: `ООО "Ромашка"`, Address: "302028, г. Орёл, ул. Ленина, 1",
		Place: "Магазин", TaxSystems: 3, FFD: format, OFDINN: "7704211201", OFDName: "Такском",
	})
	return &reg
}
