package shtrih

// Password of the roles whose rows in table 2 the maker fills so.
const (
	PasswordServiceCentre uint32 = 0
	PasswordCashier       uint32 = 1 // cashiers have 1 … 28
	PasswordAdmin         uint32 = 29
	PasswordSystemAdmin   uint32 = 30
)

// BaudCode is the code of a speed in 14h.
func BaudCode(baud int) (code byte, ok bool) { return 0, false }

// BaudOf is the speed of a code.
func BaudOf(code byte) (baud int, ok bool) { return 0, false }

// ByteTimeoutCode is the code of the shortest timeout of at least ms.
func ByteTimeoutCode(ms int) byte { return 0 }

// ByteTimeoutOf is the timeout of a code in milliseconds.
func ByteTimeoutOf(code byte) int { return 0 }

// Name is the model's name.
func (m Model) Name() string { return "" }
