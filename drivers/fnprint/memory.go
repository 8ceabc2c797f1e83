package fnprint

import (
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"

	"github.com/chekan-io/chekan/protocol/fiscal"
)

// State is what a cash register remembers and its fiscal memory does not. The
// package comment says why losing it makes no double.
type State struct {
	// FN is the fiscal memory that Through and Printed count in.
	FN string `json:"fn,omitempty"`
	// Through is the last document whose cash is in Drawer.
	Through uint32 `json:"through"`
	// Printed is the last document whose slip came out whole.
	Printed uint32 `json:"printed"`
	// Drawer is the cash in the drawer.
	Drawer fiscal.Money `json:"drawer"`
	// CashIns, CashOuts and XReports count since the memory was made.
	CashIns  uint32 `json:"cash_ins"`
	CashOuts uint32 `json:"cash_outs"`
	XReports uint32 `json:"x_reports"`
	// Moved is the cash moved in one shift, for the X report.
	Moved Moved `json:"moved"`
	// Owed is a slip of no fiscal document that has not come out; nil when
	// there is none.
	Owed *Note `json:"owed,omitempty"`
	// Serial and Model are the till's factory number and model. Once the till
	// is registered the registration decides about the number.
	Serial string `json:"serial,omitempty"`
	Model  string `json:"model,omitempty"`
}

// Moved is the cash moved in one shift.
type Moved struct {
	Shift  uint32       `json:"shift"`
	Ins    uint32       `json:"ins"`
	Outs   uint32       `json:"outs"`
	InSum  fiscal.Money `json:"in_sum"`
	OutSum fiscal.Money `json:"out_sum"`
}

// in gives the counts of a shift: those of another one are over.
func (m Moved) in(shift uint32) Moved {
	if m.Shift != shift {
		return Moved{Shift: shift}
	}
	return m
}

// Note is a slip of no fiscal document: of a cash movement or an X report.
type Note struct {
	Kind   fiscal.Kind     `json:"kind"`
	Sum    fiscal.Money    `json:"sum,omitempty"`
	At     fiscal.DateTime `json:"at"`
	Shift  uint32          `json:"shift"`
	Drawer fiscal.Money    `json:"drawer,omitempty"`
	Moved  Moved           `json:"moved"`
	Totals []NoteTotal     `json:"totals,omitempty"`
}

// NoteTotal is a line of an X report: how many receipts of one kind, over how
// much.
type NoteTotal struct {
	Kind  fiscal.Kind  `json:"kind"`
	Count uint32       `json:"count"`
	Sum   fiscal.Money `json:"sum"`
}

// clone is a State that shares nothing with s.
func (s State) clone() State {
	if s.Owed != nil {
		n := *s.Owed
		s.Owed = &n
	}
	return s
}

// Memory keeps a State through the death of the program and of the computer.
type Memory interface {
	// Load reads what was saved last: ErrNoMemory when nothing ever was,
	// ErrTornMemory when what is there cannot be trusted.
	Load() (State, error)
	// Save makes s durable before it returns. After an error either the old or
	// the new state is there, never a mixture.
	Save(s State) error
}

// Errors of a Memory.
var (
	ErrNoMemory   = errors.New("the till has no memory of its own yet")
	ErrTornMemory = errors.New("the till's own memory is damaged")
)

// File is a Memory in one file, which it replaces whole.
type File struct{ Path string }

var _ Memory = File{}

// The first line of the file is the CRC-32 (IEEE) of the rest, in hex.
const sumLine = len("00000000\n")

// Load implements Memory.
func (f File) Load() (State, error) {
	text, err := os.ReadFile(f.Path)
	if errors.Is(err, fs.ErrNotExist) {
		return State{}, ErrNoMemory
	}
	if err != nil {
		return State{}, fmt.Errorf("read the till's memory: %w", err)
	}
	return decodeState(text)
}

// Save implements Memory: a new file, flushed, takes the old one's name, and
// the folder is flushed too.
func (f File) Save(s State) (err error) {
	defer func() {
		if err != nil {
			err = fmt.Errorf("write the till's memory: %w", err)
		}
	}()
	text, err := encodeState(s)
	if err != nil {
		return err
	}
	dir := filepath.Dir(f.Path)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	temporary := f.Path + ".new"
	if err := writeFlushed(temporary, text); err != nil {
		return err
	}
	if err := os.Rename(temporary, f.Path); err != nil {
		return err
	}
	return flushFolder(dir)
}

func writeFlushed(path string, text []byte) (err error) {
	w, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, w.Close()) }()
	if _, err := w.Write(text); err != nil {
		return err
	}
	return w.Sync()
}

func encodeState(s State) ([]byte, error) {
	body, err := json.Marshal(s)
	if err != nil {
		return nil, err
	}
	body = append(body, '\n')
	return append(fmt.Appendf(nil, "%08x\n", crc32.ChecksumIEEE(body)), body...), nil
}

func decodeState(text []byte) (State, error) {
	if len(text) < sumLine || text[sumLine-1] != '\n' {
		return State{}, fmt.Errorf("%w: %d bytes", ErrTornMemory, len(text))
	}
	want, err := strconv.ParseUint(string(text[:sumLine-1]), 16, 32)
	if err != nil || uint32(want) != crc32.ChecksumIEEE(text[sumLine:]) {
		return State{}, fmt.Errorf("%w: its sum does not match", ErrTornMemory)
	}
	var s State
	if err := json.Unmarshal(text[sumLine:], &s); err != nil {
		return State{}, fmt.Errorf("%w: %w", ErrTornMemory, err)
	}
	return s, nil
}
