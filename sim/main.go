// Command chekan-sim is the world outside the agent, simulated: tills with a
// fiscal accumulator, paper, power and faults, on pseudo-terminals and TCP.
//
//	chekan-sim run --dir ./sim --till name=kassa-1,tcp=127.0.0.1:7778,pty=./sim/kassa-1.tty
//	chekan-sim demo --dir ./run
//	chekan-sim fn list --dir ./sim
//	chekan-sim paper out --dir ./sim --till kassa-1
//
// What a till has fiscalised stands in dir/<till>/fn.flash and survives the
// program's death at any instant; `fn list` and `fn verify` read that file, so
// they are the oracle for everything that claims to have sold something.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/alecthomas/kong"

	"github.com/chekan-io/chekan/sim/demo"
)

// version is set by the linker.
var version = "dev"

// commands is the command line.
type commands struct {
	Version kong.VersionFlag `help:"Print the version."`

	Run   runCommand   `cmd:"" help:"Simulate tills until interrupted."`
	Demo  demo.Command `cmd:"" help:"Play a shop: tills here, the cabinet and the agent beside."`
	Tills tillsCmd     `cmd:"" help:"Show the simulated tills."`
	FN    fnCommands   `cmd:"" name:"fn" help:"Look into the fiscal accumulators."`
	Slip  slipCmd      `cmd:"" help:"Show what came out of the printer."`

	Paper paperCmd      `cmd:"" help:"Put paper in or take it out."`
	Cover coverCmd      `cmd:"" help:"Open or close the cover."`
	Power powerCmd      `cmd:"" help:"Cut or restore the power."`
	Cable cableCmd      `cmd:"" help:"Pull the cable out or plug it in."`
	Fault faultCommands `cmd:"" help:"Plan faults."`
	OFD   ofdCommands   `cmd:"" name:"ofd" help:"The simulated operator of fiscal data."`
	Fleet fleetCommand  `cmd:"" help:"Invent organisations, tills and months of receipts, to load a cabinet with."`
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := execute(ctx, os.Args[1:])
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "chekan-sim:", err)
		os.Exit(1)
	}
}

func execute(ctx context.Context, args []string) error {
	var cli commands
	parser, err := kong.New(&cli,
		kong.Name("chekan-sim"),
		kong.Description("Simulated tills: the other end of every wire."),
		kong.Vars{"version": version},
		kong.UsageOnError(),
		kong.BindTo(ctx, (*context.Context)(nil)),
	)
	if err != nil {
		return fmt.Errorf("command line: %w", err)
	}
	chosen, err := parser.Parse(args)
	if err != nil {
		return err
	}
	if err := chosen.Run(); err != nil && !errors.Is(err, context.Canceled) {
		return err
	}
	return nil
}
