// Chekan-agent is the program beside the till. It takes operations from the
// shop's software, carries them out on the tills of this computer so that each
// becomes exactly one fiscal document, and tells the cabinet.
//
// This package only wires the parts under internal together: agent.go begins
// and ends them in the right order, door.go opens the door for the shop's
// software, status.go says how the whole fares. What they do is theirs.
package main

import (
	"context"
	"os"

	"github.com/chekan-io/chekan/agent/internal/cli"
	"github.com/chekan-io/chekan/agent/internal/journal"
	"github.com/chekan-io/chekan/agent/internal/update"
)

// version is set by the linker.
var version = "dev"

func main() {
	// The journal looks at a file it does not trust yet in a child process,
	// which is this very program.
	if code, ok := journal.RunChildCheck(os.Args); ok {
		os.Exit(code)
	}
	// So does the one that watches the start of a version on trial.
	if code, ok := update.RunSentinel(os.Args); ok {
		os.Exit(code)
	}
	os.Exit(cli.Main(context.Background(), os.Args[1:], cli.Program{
		Version: version, Run: run, Out: os.Stdout, Err: os.Stderr,
	}))
}
