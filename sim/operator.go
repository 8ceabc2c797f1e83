package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	simv1 "github.com/chekan-io/chekan/proto/gen/sim/v1"
	"github.com/chekan-io/chekan/proto/gen/sim/v1/simv1connect"
	"github.com/chekan-io/chekan/sim/flash"
	"github.com/chekan-io/chekan/sim/fn"
	"github.com/chekan-io/chekan/sim/ofd"
)

// ofdCommands look at the simulated operator of fiscal data and steer it. The
// ledger is read from its file, without a running simulator.
type ofdCommands struct {
	Ledger ofdLedger `cmd:"" help:"List the documents the operator has taken."`
	Verify ofdVerify `cmd:"" help:"Compare the operator's ledger with the fiscal accumulators."`
	Behave ofdBehave `cmd:"" help:"Change how the operator treats messages."`
}

type ofdLedger struct {
	Dir string `help:"Directory of the simulator." default:"./sim-data" type:"path"`
	FN  string `name:"fn" help:"Only this accumulator's."`
}

func readLedger(dir string) ([]ofd.Entry, error) {
	records, err := flash.ReadFile(filepath.Join(dir, ofd.LedgerFile))
	if err != nil {
		return nil, fmt.Errorf("the operator's ledger: %w", err)
	}
	return ofd.ReadLedger(records)
}

// Run lists the ledger.
func (c ofdLedger) Run() error {
	entries, err := readLedger(c.Dir)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if c.FN != "" && e.FN != c.FN {
			continue
		}
		line := fmt.Sprintf("%s FD %d form %d came %d", e.FN, e.FD, e.Type, e.Times)
		if len(e.Problems) > 0 {
			line += ": " + strings.Join(e.Problems, "; ")
		}
		if err := say(os.Stdout, "%s", line); err != nil {
			return err
		}
	}
	return nil
}

type ofdVerify struct{ archives }

// Run compares: every confirmed document of an accumulator is in the ledger,
// unchanged, and the ledger has them in order.
func (c ofdVerify) Run() error {
	entries, err := readLedger(c.Dir)
	if err != nil {
		return err
	}
	of := map[string][]ofd.Entry{}
	for _, e := range entries {
		of[e.FN] = append(of[e.FN], e)
	}
	return c.each(func(till, path string) error {
		docs, err := fn.Read(path)
		if err != nil {
			return fmt.Errorf("%s: %w", till, err)
		}
		if len(docs) == 0 || len(of[docs[0].FN]) == 0 {
			return say(os.Stdout, "%s: %d documents, none with this operator", till, len(docs))
		}
		confirmed, ledger := 0, of[docs[0].FN]
		for _, d := range docs {
			if d.Ticket == nil {
				continue
			}
			if confirmed >= len(ledger) || ledger[confirmed].FD != d.FD || !bytes.HasSuffix(ledger[confirmed].TLV, d.TLV) {
				return fmt.Errorf("%s: confirmed document %d is not document %d of the operator", till, d.FD, confirmed+1)
			}
			confirmed++
		}
		return say(os.Stdout, "%s: %d documents, %d confirmed, %d with the operator", till, len(docs), confirmed, len(ledger))
	})
}

type ofdBehave struct {
	remote
	How     string        `arg:"" enum:"accept,down,silent,drop,refuse,garble,message" help:"accept, down, silent, drop, refuse, garble or message."`
	Count   uint32        `help:"For so many documents; 0 until the next word." default:"0"`
	Delay   time.Duration `help:"Wait so long before an answer." default:"0s"`
	Message uint32        `help:"Bits of tag 1206 for message." default:"128"`
}

// Run changes the behaviour.
func (c ofdBehave) Run(ctx context.Context) error {
	address, err := c.address()
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	how := simv1.Behaviour(simv1.Behaviour_value["BEHAVIOUR_"+strings.ToUpper(c.How)]) // "accept" is the zero value
	_, err = simv1connect.NewOFDServiceClient(http.DefaultClient, address).Behave(ctx, &simv1.BehaveRequest{
		Behaviour: how, Count: c.Count, DelayMs: uint32(c.Delay / time.Millisecond), Message: c.Message,
	})
	return err
}

// address is where the running simulator's control API is.
func (r remote) address() (string, error) {
	address := r.Control
	if address == "" {
		b, err := os.ReadFile(filepath.Join(r.Dir, controlFile))
		if errors.Is(err, os.ErrNotExist) {
			return "", fmt.Errorf("no simulator runs in %s", r.Dir)
		}
		if err != nil {
			return "", err
		}
		address = strings.TrimSpace(string(b))
	}
	if !strings.Contains(address, "://") {
		address = "http://" + address
	}
	return address, nil
}
