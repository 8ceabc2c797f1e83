package ofdlink

import (
	_ "embed" // the list travels inside the program
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"strconv"
	"strings"

	"github.com/BurntSushi/toml"

	"github.com/chekan-io/chekan/protocol/fiscal"
)

// DirectoryFile is the name of the file in the data folder that adds to the
// directory the program brings along.
const DirectoryFile = "operators.toml"

//go:embed operators.toml
var embedded string

// Operator is one operator of fiscal data.
type Operator struct {
	INN     string   `toml:"inn" json:"inn"`
	Also    []string `toml:"also" json:"also,omitempty"` // INNs the same operator had before
	Name    string   `toml:"name" json:"name"`
	Address string   `toml:"address" json:"address"`
}

// Redirect replaces an address wherever it comes from.
type Redirect struct {
	From string `toml:"from"`
	To   string `toml:"to"`
}

// Directory knows where operators are. The zero value knows none.
type Directory struct {
	operators []Operator
	redirects []Redirect
}

// LoadDirectory reads the embedded directory and over it the file at path,
// which may be absent.
func LoadDirectory(path string) (Directory, error) {
	d, err := ParseDirectory(embedded)
	if err != nil {
		return Directory{}, fmt.Errorf("embedded directory: %w", err)
	}
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return d, nil
	}
	if err != nil {
		return d, fmt.Errorf("не удалось прочитать список операторов: %w", err)
	}
	more, err := ParseDirectory(string(text))
	if err != nil {
		return d, fmt.Errorf("%s: %w", path, err)
	}
	return d.with(more), nil
}

// ParseDirectory reads and checks the text of a directory.
func ParseDirectory(text string) (Directory, error) {
	var file struct {
		Operator []Operator `toml:"operator"`
		Redirect []Redirect `toml:"redirect"`
	}
	meta, err := toml.Decode(text, &file)
	if err != nil {
		return Directory{}, fmt.Errorf("не разобрать: %w", err)
	}
	if unknown := meta.Undecoded(); len(unknown) > 0 {
		return Directory{}, fmt.Errorf("неизвестный ключ %q", unknown[0])
	}
	for _, o := range file.Operator {
		for _, inn := range append([]string{o.INN}, o.Also...) {
			if err := fiscal.CheckINN(inn); err != nil {
				return Directory{}, fmt.Errorf("оператор %q: ИНН %q: %w", o.Name, inn, err)
			}
		}
		if err := CheckAddress(o.Address); err != nil {
			return Directory{}, fmt.Errorf("оператор %q: %w", o.Name, err)
		}
	}
	for _, r := range file.Redirect {
		for _, a := range []string{r.From, r.To} {
			if err := CheckAddress(a); err != nil {
				return Directory{}, fmt.Errorf("redirect: %w", err)
			}
		}
	}
	return Directory{operators: file.Operator, redirects: file.Redirect}, nil
}

// CheckAddress checks that s is host:port.
func CheckAddress(s string) error {
	host, port, err := net.SplitHostPort(s)
	if err != nil || host == "" {
		return fmt.Errorf("адрес %q не подходит: нужен вид узел:порт", s)
	}
	if n, err := strconv.ParseUint(port, 10, 16); err != nil || n == 0 {
		return fmt.Errorf("адрес %q: порт от 1 до 65535", s)
	}
	return nil
}

// with is d with what more says; more wins.
func (d Directory) with(more Directory) Directory {
	return Directory{
		operators: append(append([]Operator(nil), more.operators...), d.operators...),
		redirects: append(append([]Redirect(nil), more.redirects...), d.redirects...),
	}
}

// ByINN finds an operator by the INN a till is registered with; spaces and
// leading zeros that fill its 12 places do not matter.
func (d Directory) ByINN(inn string) (Operator, bool) {
	inn = strings.TrimSpace(inn)
	if len(inn) == 12 {
		inn = strings.TrimPrefix(inn, "00")
	}
	for _, o := range d.operators {
		if o.INN == inn {
			return o, true
		}
		for _, also := range o.Also {
			if also == inn {
				return o, true
			}
		}
	}
	return Operator{}, false
}

// byAddress names an address, for people.
func (d Directory) byAddress(address string) string {
	for _, o := range d.operators {
		if strings.EqualFold(o.Address, address) {
			return o.Name
		}
	}
	return ""
}

// Redirected follows redirects, a bounded number of them.
func (d Directory) Redirected(address string) string {
	for range 8 { // a circle ends somewhere in it
		next := address
		for _, r := range d.redirects {
			if strings.EqualFold(r.From, address) {
				next = r.To
				break
			}
		}
		if next == address {
			break
		}
		address = next
	}
	return address
}

// Operators gives the list.
func (d Directory) Operators() []Operator { return d.operators }
