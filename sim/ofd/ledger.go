package ofd

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/chekan-io/chekan/protocol/ffd"
	"github.com/chekan-io/chekan/protocol/fiscal"
	codec "github.com/chekan-io/chekan/protocol/ofd"
)

// LedgerFile is what programs call the ledger in the folder of their simulated devices.
const LedgerFile = "ofd.flash"

// Entry is one document the operator has taken.
type Entry struct {
	FN       string              `json:"fn"`
	FD       uint32              `json:"fd"`
	Type     fiscal.DocumentType `json:"type"`
	Times    int                 `json:"times,omitempty"` // how often it came
	Code     byte                `json:"code,omitempty"`  // of the first answer (tag 1022)
	Problems []string            `json:"problems,omitempty"`
	TLV      []byte              `json:"tlv,omitempty"` // the whole document as one STLV whose tag is its form
}

// book is the ledger in memory.
type book struct {
	entries []*Entry // in order of arrival
	at      map[place]*Entry
	errs    []error // what no story explains
}

type place struct {
	fn string
	fd uint32
}

// record is one line of the flash: a document, or that it came again.
type record struct {
	Entry
	Again bool `json:"again,omitempty"`
}

func (b *book) replay(line []byte) error {
	var r record
	if err := json.Unmarshal(line, &r); err != nil {
		return fmt.Errorf("decode: %w", err)
	}
	b.add(r)
	return nil
}

func (b *book) add(r record) {
	if b.at == nil {
		b.at = map[place]*Entry{}
	}
	key := place{r.FN, r.FD}
	if r.Again {
		if e := b.at[key]; e != nil {
			e.Times++
		}
		return
	}
	e := r.Entry
	e.Times = 1
	b.entries = append(b.entries, &e)
	b.at[key] = &e
}

// Ledger gives the documents of a memory in order of arrival; of all for "".
func (s *Server) Ledger(fn string) []Entry {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []Entry
	for _, e := range s.book.entries {
		if fn == "" || e.FN == fn {
			out = append(out, *e)
		}
	}
	return out
}

// Count tells how many documents there are.
func (s *Server) Count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.book.entries)
}

// Verify says whether the ledger is a possible story: documents of a memory came
// in the order of their numbers without a gap, and no number came with two
// different documents.
func (s *Server) Verify() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	errs := slices.Clone(s.book.errs)
	last := map[string]uint32{}
	for _, e := range s.book.entries {
		if was, ok := last[e.FN]; ok && e.FD != was+1 {
			errs = append(errs, fmt.Errorf("memory %s: document %d came after %d", e.FN, e.FD, was))
		}
		last[e.FN] = e.FD
	}
	return errors.Join(errs...)
}

// enter writes a document into the ledger, durable before it is answered.
func (s *Server) enter(m codec.Message, c codec.Container, code byte, problems []string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	r := record{Entry: Entry{FN: m.FN, FD: c.FD, Type: c.Type, Code: code, Problems: problems, TLV: bytes.Clone(c.Document)}}
	if was := s.book.at[place{m.FN, c.FD}]; was != nil {
		if !bytes.Equal(was.TLV, c.Document) {
			err := fmt.Errorf("memory %s, document %d: %w", m.FN, c.FD, errChanged)
			s.book.errs = append(s.book.errs, err)
			return err
		}
		r = record{Entry: Entry{FN: m.FN, FD: c.FD}, Again: true}
	}
	line, err := json.Marshal(r)
	if err != nil {
		return fmt.Errorf("write the ledger: %w", err)
	}
	if err := s.opts.Flash.Append(line); err != nil {
		return fmt.Errorf("write the ledger: %w", err)
	}
	s.book.add(r)
	return nil
}

// firstDay is the day before which no document can have been made.
var firstDay = fiscal.DateTime{Year: 2016, Month: 9, Day: 1}

// ahead is how far a till's clock may run ahead, in seconds.
const ahead = 24 * 3600

// examine checks a message as an operator does. The error is what makes it hang
// up; problems are what it has against the document.
func (s *Server) examine(m codec.Message, c codec.Container) (problems []string, err error) {
	if len(s.opts.Known) > 0 && !slices.Contains(s.opts.Known, m.FN) {
		return nil, errUnknown
	}
	if c.Sender != codec.FromTill || !codec.SameFN(c.FN, m.FN) {
		return nil, fmt.Errorf("a container of %02Xh for %s under the name of %s", byte(c.Sender), c.FN, m.FN)
	}
	blame := func(format string, args ...any) { problems = append(problems, fmt.Sprintf(format, args...)) }
	doc, err := ffd.ParseDocument(c.Document)
	if err != nil {
		return []string{err.Error()}, nil //nolint:nilerr // a document that encrypts is a document
	}
	if doc.Type != c.Type {
		blame("a container of form %d with a document of form %d", c.Type, doc.Type)
	}
	if err := doc.Check(); err != nil {
		var many ffd.Problems
		if !errors.As(err, &many) {
			blame("%v", err)
		}
		for _, p := range many {
			blame("%v", p)
		}
	}
	if v := byte(doc.Version()); v != m.Version.FFD() {
		blame("the session header says format %d, the document %d", m.Version.FFD(), v)
	}
	if f, ok := doc.Find(ffd.TagFD); ok && uint32(f.Uint()) != c.FD {
		blame("document %d in the container of %d", f.Uint(), c.FD)
	}
	if f, ok := doc.Find(ffd.TagTime); ok {
		at := f.Time()
		now := civil(s.opts.Now())
		if firstDay.Sub(at) > 0 || at.Sub(now) > ahead {
			blame("time %v at %v", at, now)
		}
	}
	return problems, nil
}

// ReadLedger reads a ledger's records without opening the operator.
func ReadLedger(records [][]byte) ([]Entry, error) {
	var b book
	for i, r := range records {
		if err := b.replay(r); err != nil {
			return nil, fmt.Errorf("record %d: %w", i, err)
		}
	}
	out := make([]Entry, 0, len(b.entries))
	for _, e := range b.entries {
		out = append(out, *e)
	}
	return out, nil
}
