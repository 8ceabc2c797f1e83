package ffd

// Code is one value of a table of codes, or one bit of a mask.
type Code struct {
	Value uint64
	Name  string // in Russian
}

// Codes gives the table of a tag's values, nil when it has none.
func Codes(t Tag) []Code { return nil }

// Words says in Russian what a value of a tag means: one name, or one for each bit of a mask.
func Words(t Tag, v uint64) []string { return nil }
