package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/chekan-io/chekan/protocol/fiscal"
	"github.com/chekan-io/chekan/sim/flash"
	"github.com/chekan-io/chekan/sim/fn"
)

// fnCommands read the accumulators' files. They need no running simulator and
// disturb none.
type fnCommands struct {
	List   fnList   `cmd:"" help:"List what was fiscalised."`
	Verify fnVerify `cmd:"" help:"Check that the archives are whole and consistent."`
}

// archives finds the tills of a directory.
type archives struct {
	Dir  string `help:"Directory of the tills." default:"./sim-data" type:"path"`
	Till string `help:"Only this till."`
}

// each calls f for every till's accumulator file.
func (a archives) each(f func(till, path string) error) error {
	entries, err := os.ReadDir(a.Dir)
	if err != nil {
		return err
	}
	found := false
	for _, e := range entries {
		path := flash.Dir(filepath.Join(a.Dir, e.Name())).Path("fn")
		if a.Till != "" && e.Name() != a.Till {
			continue
		}
		if _, err := os.Stat(path); err != nil {
			continue
		}
		found = true
		if err := f(e.Name(), path); err != nil {
			return err
		}
	}
	if !found {
		return fmt.Errorf("no tills in %s", a.Dir)
	}
	return nil
}

// entry is one document as `fn list --json` writes it.
type entry struct {
	Till     string           `json:"till"`
	FN       string           `json:"fn"`
	FD       uint32           `json:"fd"`
	FP       uint32           `json:"fp"`
	Type     int              `json:"type"`
	At       string           `json:"at"`
	Kind     string           `json:"kind,omitempty"`
	Total    int64            `json:"total,omitempty"`
	Shift    uint16           `json:"shift,omitempty"`
	Receipt  uint16           `json:"receipt,omitempty"`
	QR       string           `json:"qr,omitempty"`
	Ticket   bool             `json:"ticket"`
	Items    []fn.Item        `json:"items,omitempty"`
	Payments *fiscal.Payments `json:"payments,omitempty"`
	Marker   string           `json:"marker,omitempty"`
}

func newEntry(till string, d fn.Document) (entry, error) {
	f := d.Fact()
	e := entry{
		Till: till, FN: d.FN, FD: d.FD, FP: d.FP, Type: int(d.Type), At: f.At.String(), Total: int64(d.Sum), Shift: d.Shift,
		Receipt: d.Receipt, QR: f.QR(), Ticket: f.Ticket,
	}
	if d.Op != 0 {
		r, err := d.Content()
		if err != nil {
			return e, fmt.Errorf("till %s, document %d: %w", till, d.FD, err)
		}
		e.Kind, e.Items, e.Payments, e.Marker = f.Kind.String(), r.Items, &r.Payments, r.Marker
	}
	return e, nil
}

type fnList struct {
	archives
	JSON bool `help:"One JSON object a document."`
}

// Run lists the documents.
func (c fnList) Run() error { return c.list(os.Stdout) }

func (c fnList) list(w io.Writer) error {
	enc := json.NewEncoder(w)
	return c.each(func(till, path string) error {
		docs, err := fn.Read(path)
		if err != nil {
			return err
		}
		for _, d := range docs {
			e, err := newEntry(till, d)
			if err != nil {
				return err
			}
			if c.JSON {
				err = enc.Encode(e)
			} else {
				err = say(w, "%s  ФД %-6d ФП %010d  %s  %s", till, e.FD, e.FP, e.At, describe(d))
			}
			if err != nil {
				return err
			}
		}
		return nil
	})
}

// describe tells what a document is, in Russian as on its slip.
func describe(d fn.Document) string {
	titles := map[fiscal.DocumentType]string{
		fiscal.DocRegistration: "регистрация", fiscal.DocReregistration: "перерегистрация", fiscal.DocShiftOpened: "открытие смены",
		fiscal.DocShiftClosed: "закрытие смены", fiscal.DocReceipt: "чек", fiscal.DocCorrection: "чек коррекции",
		fiscal.DocSettlementReport: "состояние расчётов", fiscal.DocArchiveClosed: "закрытие ФН",
	}
	s := titles[d.Type]
	if s == "" {
		s = fmt.Sprintf("документ типа %d", d.Type)
	}
	if d.Shift != 0 {
		s += fmt.Sprintf(", смена %d", d.Shift)
	}
	if d.Op != 0 {
		ops := [...]string{"приход", "возврат прихода", "расход", "возврат расхода"}
		s += fmt.Sprintf(", чек %d, %s %s", d.Receipt, ops[(d.Op-1)&3], d.Sum)
	}
	return s
}

type fnVerify struct {
	archives
	JSON bool `help:"One JSON object a till."`
}

// Run checks the archives; it fails when one is not whole.
func (c fnVerify) Run() error { return c.verify(os.Stdout) }

func (c fnVerify) verify(w io.Writer) error {
	var faults []error
	err := c.each(func(till, path string) error {
		docs, err := fn.Read(path)
		if err != nil {
			faults = append(faults, fmt.Errorf("till %s: %w", till, err))
			return nil
		}
		verdict := fn.Verify(docs)
		if verdict != nil {
			faults = append(faults, fmt.Errorf("till %s: %w", till, verdict))
		}
		if c.JSON {
			text := ""
			if verdict != nil {
				text = verdict.Error()
			}
			return json.NewEncoder(w).Encode(map[string]any{"till": till, "documents": len(docs), "whole": verdict == nil, "faults": text})
		}
		if verdict == nil {
			return say(w, "%s  %d documents, whole", till, len(docs))
		}
		return nil
	})
	return errors.Join(append(faults, err)...)
}
