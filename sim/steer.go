package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"time"

	simv1 "github.com/chekan-io/chekan/proto/gen/sim/v1"
	"github.com/chekan-io/chekan/proto/gen/sim/v1/simv1connect"
)

// controlFile is where a running simulator leaves the address of its control
// API, in the directory of its tills.
const controlFile = "control.url"

// remote finds a running simulator.
type remote struct {
	Dir     string `help:"Directory of the running simulator." default:"./sim-data" type:"path"`
	Control string `help:"Address of its control API; empty takes the one noted in the directory."`
}

// steer is a remote and one of its tills.
type steer struct {
	remote
	Till string `help:"Till; may be left out when there is one."`
}

// call runs f with a client and a deadline.
func (r remote) call(ctx context.Context, f func(context.Context, simv1connect.SimServiceClient) error) error {
	address, err := r.address()
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	return f(ctx, simv1connect.NewSimServiceClient(http.DefaultClient, address))
}

// say writes a line of a command's answer.
func say(w io.Writer, format string, args ...any) error {
	_, err := fmt.Fprintf(w, format+"\n", args...)
	return err
}

func showTill(w io.Writer, t *simv1.Till) error {
	words := []string{"mode " + t.GetMode()}
	for _, x := range []struct {
		on  bool
		yes string
	}{{!t.GetPower(), "no power"}, {!t.GetPaper(), "no paper"}, {t.GetCoverOpen(), "cover open"}} {
		if x.on {
			words = append(words, x.yes)
		}
	}
	return say(w, "%s  %s №%s  FN %s  last FD %d  %s", t.GetName(), t.GetModel(), t.GetSerial(), t.GetFn(), t.GetLastFd(), strings.Join(words, ", "))
}

type tillsCmd struct{ remote }

// Run shows the tills.
func (c tillsCmd) Run(ctx context.Context) error {
	return c.call(ctx, func(ctx context.Context, cl simv1connect.SimServiceClient) error {
		r, err := cl.ListTills(ctx, &simv1.ListTillsRequest{})
		if err != nil {
			return err
		}
		for _, t := range r.GetTills() {
			if err := showTill(os.Stdout, t); err != nil {
				return err
			}
		}
		return nil
	})
}

type paperCmd struct {
	steer
	State string `arg:"" enum:"in,out" help:"in or out."`
	Lines uint32 `help:"The roll ends after so many lines; 0 never." default:"0"`
}

// Run puts paper in or takes it out.
func (c paperCmd) Run(ctx context.Context) error {
	return c.call(ctx, func(ctx context.Context, cl simv1connect.SimServiceClient) error {
		r, err := cl.Paper(ctx, &simv1.PaperRequest{Till: c.Till, In: c.State == "in", LinesLeft: c.Lines})
		if err != nil {
			return err
		}
		return showTill(os.Stdout, r.GetTill())
	})
}

type coverCmd struct {
	steer
	State string `arg:"" enum:"open,close" help:"open or close."`
}

// Run opens or closes the cover.
func (c coverCmd) Run(ctx context.Context) error {
	return c.call(ctx, func(ctx context.Context, cl simv1connect.SimServiceClient) error {
		r, err := cl.Cover(ctx, &simv1.CoverRequest{Till: c.Till, Open: c.State == "open"})
		if err != nil {
			return err
		}
		return showTill(os.Stdout, r.GetTill())
	})
}

type powerCmd struct {
	steer
	State string `arg:"" enum:"cut,on" help:"cut or on."`
}

// Run cuts or restores the power.
func (c powerCmd) Run(ctx context.Context) error {
	return c.call(ctx, func(ctx context.Context, cl simv1connect.SimServiceClient) error {
		r, err := cl.Power(ctx, &simv1.PowerRequest{Till: c.Till, On: c.State == "on"})
		if err != nil {
			return err
		}
		return showTill(os.Stdout, r.GetTill())
	})
}

type cableCmd struct {
	steer
	State string `arg:"" enum:"out,in" help:"out or in."`
}

// Run pulls the cable out or plugs it in.
func (c cableCmd) Run(ctx context.Context) error {
	return c.call(ctx, func(ctx context.Context, cl simv1connect.SimServiceClient) error {
		r, err := cl.Cable(ctx, &simv1.CableRequest{Till: c.Till, Plugged: c.State == "in"})
		if err != nil {
			return err
		}
		return showTill(os.Stdout, r.GetTill())
	})
}

type slipCmd struct {
	steer
	All bool `help:"Every slip, not only the last one."`
}

// Run shows slips.
func (c slipCmd) Run(ctx context.Context) error {
	return c.call(ctx, func(ctx context.Context, cl simv1connect.SimServiceClient) error {
		r, err := cl.ListSlips(ctx, &simv1.ListSlipsRequest{Till: c.Till})
		if err != nil {
			return err
		}
		slips := r.GetSlips()
		if n := len(slips); n > 1 && !c.All {
			slips = slips[n-1:]
		}
		for _, s := range slips {
			end := strings.Repeat("-", 32)
			if !s.GetWhole() {
				end = strings.Repeat("~", 32)
			}
			if err := say(os.Stdout, "%s\n%s", strings.Join(s.GetLines(), "\n"), end); err != nil {
				return err
			}
		}
		return nil
	})
}

type faultCommands struct {
	Add   faultAdd   `cmd:"" help:"Plan a fault."`
	List  faultList  `cmd:"" help:"Show planned and struck faults."`
	Clear faultClear `cmd:"" help:"Forget all faults."`
}

type faultAdd struct {
	steer
	Command string        `help:"Command it strikes at, in hex (FF45); empty is any."`
	Nth     uint32        `help:"Skip so many such commands first." default:"0"`
	Phase   string        `help:"receive, before, commit, print, after or answer." default:"before"`
	At      uint32        `help:"Byte or line in that phase." default:"0"`
	Action  string        `arg:"" help:"What happens: lose_answer, power_cut, paper_out, error …"`
	For     time.Duration `help:"For delay, hang, busy, power_cut, age: how long."`
	Code    uint8         `help:"For error: the code. For garble: the changed bits."`
}

// Run plans a fault.
func (c faultAdd) Run(ctx context.Context) error {
	return c.call(ctx, func(ctx context.Context, cl simv1connect.SimServiceClient) error {
		value := uint32(c.For / time.Millisecond)
		if c.Code != 0 {
			value = uint32(c.Code)
		}
		r, err := cl.AddFault(ctx, &simv1.AddFaultRequest{Fault: &simv1.Fault{
			Till: c.Till, Command: c.Command, Nth: c.Nth, Phase: c.Phase, At: c.At, Action: c.Action, Value: value,
		}})
		if err != nil {
			return err
		}
		return showFault(os.Stdout, r.GetFault())
	})
}

func showFault(w io.Writer, f *simv1.Fault) error {
	state := "planned"
	if f.GetFired() {
		state = "struck"
	}
	command := f.GetCommand()
	if command == "" {
		command = "any"
	}
	return say(w, "%s  %s  %s at %s/%d of %s, value %d, %s", f.GetId(), f.GetTill(), f.GetAction(), f.GetPhase(), f.GetAt(), command, f.GetValue(), state)
}

type faultList struct{ steer }

// Run shows the faults.
func (c faultList) Run(ctx context.Context) error {
	return c.call(ctx, func(ctx context.Context, cl simv1connect.SimServiceClient) error {
		r, err := cl.ListFaults(ctx, &simv1.ListFaultsRequest{Till: c.Till})
		if err != nil {
			return err
		}
		for _, f := range r.GetFaults() {
			if err := showFault(os.Stdout, f); err != nil {
				return err
			}
		}
		return nil
	})
}

type faultClear struct{ steer }

// Run forgets the faults.
func (c faultClear) Run(ctx context.Context) error {
	return c.call(ctx, func(ctx context.Context, cl simv1connect.SimServiceClient) error {
		_, err := cl.ClearFaults(ctx, &simv1.ClearFaultsRequest{Till: c.Till})
		return err
	})
}
