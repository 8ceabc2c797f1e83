package powercut

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"testing"
	"time"

	"github.com/chekan-io/chekan/agent/internal/journal"
	"github.com/chekan-io/chekan/agent/internal/pos"
	"github.com/chekan-io/chekan/agent/internal/till"
)

// The test binary is also the agent inside the rigs: a process of its own,
// because a process that reads a mapped file through a file system it serves
// itself stands still for ever.
const (
	agentArg = "powercut-agent"
	token    = "powercut"
)

// The disks of the rigs are small, and their clocks run through months.
const (
	rigReserve   = 256 << 10
	rigRetention = 10 * 365 * 24 * time.Hour
)

// agentOrder is what the agent inside a rig is told.
type agentOrder struct {
	Dir    string            // of the journal
	Listen string            // address of the door
	Tills  map[string]string // name -> wire
	NoSync bool              // the control: no commit is synced
	// Ahead and Turn move the clock of the journal: months ahead from the
	// start, and one more after so long.
	Ahead int
	Turn  time.Duration
}

func TestMain(m *testing.M) {
	if code, ok := journal.RunChildCheck(os.Args); ok {
		os.Exit(code)
	}
	if len(os.Args) == 3 && os.Args[1] == agentArg {
		if err := runAgent(os.Args[2]); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	if os.Getenv("GORACE") == "" {
		// Children that verify a file would each sleep a second at their end.
		_ = os.Setenv("GORACE", "atexit_sleep_ms=0")
	}
	flag.Parse()
	os.Exit(m.Run())
}

// runAgent is journal, tills and door, wired as the product wires them, with
// the two things a test needs besides: commits without sync, and another month.
// It says the address of its door on its first line and runs until it is killed.
func runAgent(order string) error {
	var o agentOrder
	if err := json.Unmarshal([]byte(order), &o); err != nil {
		return fmt.Errorf("read order: %w", err)
	}
	ctx := context.Background()
	log := slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelError}))
	exe, err := os.Executable()
	if err != nil {
		return err
	}
	j, err := journal.Open(ctx, o.Dir, o.options(exe))
	if err != nil {
		return err
	}
	var tills []till.Config
	for name, wire := range o.Tills {
		device, err := till.OpenDevice(till.Wiring{Driver: "shtrih", Wire: wire, Log: log})
		if err != nil {
			return err
		}
		tills = append(tills, till.Config{Name: name, Driver: "shtrih", Device: device})
	}
	fleet, err := till.NewFleet(tills, j, log)
	if err != nil {
		return err
	}
	go cabinet(j, log)
	var lc net.ListenConfig
	l, err := lc.Listen(ctx, "tcp", o.Listen)
	if err != nil {
		return err
	}
	fmt.Fprintln(os.Stdout, "door", l.Addr())
	server := &http.Server{Handler: pos.NewHandler(fleet, j, nil, pos.Options{Token: token, Log: log}), ReadHeaderTimeout: 10 * time.Second}
	go func() { _ = fleet.Run(ctx) }()
	return server.Serve(l)
}

func (o agentOrder) options(exe string) journal.Options {
	began := time.Now()
	opts := journal.Options{
		Verify: journal.VerifyInChild(exe), Reserve: rigReserve, Retention: rigRetention,
		Now: func() time.Time {
			now, months := time.Now(), o.Ahead
			if o.Turn > 0 && now.Sub(began) > o.Turn {
				months++
			}
			return time.Date(now.Year(), now.Month()+time.Month(months), 1, now.Hour(), now.Minute(), now.Second(), now.Nanosecond(), time.UTC)
		},
	}
	if o.NoSync {
		opts.Fault = func(p journal.Point) error {
			if p.Moment == journal.BeforeCommit {
				return journal.SkipSync
			}
			return nil
		}
	}
	return opts
}

// cabinet acknowledges what is in the outbox, as the uplink does when the
// cabinet has it: those writes share commits with sales.
func cabinet(j *journal.Journal, log *slog.Logger) {
	for range j.OutboxSignal() {
		entries, err := j.Outbox(context.Background(), j.Acked(), 100)
		if len(entries) > 0 {
			err = errors.Join(err, j.Ack(entries[len(entries)-1].Cursor))
		}
		if err != nil {
			log.Error("read outbox", "error", err)
			return
		}
	}
}
