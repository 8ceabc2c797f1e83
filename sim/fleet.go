package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"google.golang.org/protobuf/encoding/protodelim"

	uplinkv1 "github.com/chekan-io/chekan/proto/gen/uplink/v1"
	"github.com/chekan-io/chekan/sim/flash"
	"github.com/chekan-io/chekan/sim/fleet"
)

// fleetCommand invents organisations and what their tills did.
type fleetCommand struct {
	Dir           string `help:"Folder to write: fleet.json, a fiscal memory a till, and entries of the uplink an outlet." default:"./fleet" type:"path"`
	Seed          uint64 `help:"The same seed makes the same fleet." default:"1"`
	Organisations int    `help:"Organisations." default:"2"`
	Outlets       int    `help:"Outlets of an organisation." default:"3"`
	Tills         int    `help:"Tills of an outlet." default:"2"`
	Days          int    `help:"Days." default:"31"`
	Receipts      int    `help:"Receipts of a till in a day." default:"20"`
	From          string `help:"First day." default:"2026-03-01"`
	Quick         bool   `help:"Operations alone, without fiscal memories: for millions."`
}

// Run writes the fleet.
func (c fleetCommand) Run() error {
	first, err := time.Parse(time.DateOnly, c.From)
	if err != nil {
		return fmt.Errorf("first day: %w", err)
	}
	list := fleet.New(fleet.Options{
		Seed: c.Seed, Organisations: c.Organisations, Outlets: c.Outlets, Tills: c.Tills, Days: c.Days, Receipts: c.Receipts, First: first,
	})
	if err := os.MkdirAll(c.Dir, 0o700); err != nil {
		return err
	}
	text, err := json.MarshalIndent(list, "", "  ")
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(c.Dir, "fleet.json"), append(text, '\n'), 0o600); err != nil {
		return err
	}
	for i, organisation := range list {
		for j, outlet := range organisation.Outlets {
			name := filepath.Join(c.Dir, fmt.Sprintf("%d-%d.entries", i+1, j+1))
			n, err := c.write(name, outlet)
			if err != nil {
				return fmt.Errorf("%s: %w", name, err)
			}
			if err := say(os.Stdout, "%s  %s, %s: %d entries", name, organisation.Name, outlet.Name, n); err != nil {
				return err
			}
		}
	}
	return nil
}

// write makes a file of uplink.v1.Entry, each behind its length.
func (c fleetCommand) write(name string, outlet *fleet.Outlet) (n int, err error) {
	f, err := os.OpenFile(name, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return 0, err
	}
	defer func() {
		if closed := f.Close(); err == nil {
			err = closed
		}
	}()
	out := bufio.NewWriter(f)
	emit := func(e *uplinkv1.Entry) error {
		n++
		_, err := protodelim.MarshalTo(out, e)
		return err
	}
	for _, till := range outlet.Tills {
		if c.Quick {
			err = till.Quick(emit)
		} else {
			err = c.play(till, emit)
		}
		if err != nil {
			return n, err
		}
	}
	return n, out.Flush()
}

func (c fleetCommand) play(till *fleet.Till, emit func(*uplinkv1.Entry) error) error {
	dir := filepath.Join(c.Dir, till.FN)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	path := flash.Dir(dir).Path("fn")
	if err := os.Remove(path); err != nil && !os.IsNotExist(err) {
		return err
	}
	log, err := flash.OpenFile(path)
	if err != nil {
		return err
	}
	return till.Play(log, emit)
}
