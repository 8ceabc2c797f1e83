package uplink

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"connectrpc.com/connect"

	"github.com/chekan-io/chekan/agent/internal/secret"
	"github.com/chekan-io/chekan/proto/gen/uplink/v1/uplinkv1connect"
)

// Headers of the agents' door, and the reasons it gives.
const (
	instanceHeader = "Chekan-Instance"
	reasonHeader   = "Chekan-Reason"

	reasonRevoked = "revoked"
	reasonLate    = "late"
	reasonHello   = "hello"
	reasonTwin    = "twin"
)

// program is what tells this program from another that holds the same key: a
// start of its own, and the token that the cabinet gave it last. A copied disk
// has the key and an old token; the two that go on from there are found by the
// cabinet, because each shows a token the other never got.
type program struct {
	instance string
	file     string

	mu    sync.Mutex
	token string
}

// maxToken bounds what is kept of a cabinet's answer.
const maxToken = 64

func openProgram(dir string) *program {
	p := &program{instance: rand.Text(), file: filepath.Join(dir, "identity", "token")}
	// None, or one that cannot be read, is as good as an old one: the cabinet
	// sees a program that goes on from nowhere.
	if text, err := os.ReadFile(p.file); err == nil && len(text) <= maxToken {
		p.token = strings.TrimSpace(string(text))
	}
	return p
}

func (p *program) last() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.token
}

// keep keeps a token, in memory even when the disk does not take it.
func (p *program) keep(token string) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if token == "" || token == p.token || len(token) > maxToken {
		return nil
	}
	p.token = token
	if err := writePrivate(p.file, []byte(token)); err != nil {
		return fmt.Errorf("keep the token: %w", err)
	}
	return nil
}

// writePrivate writes a file that only the agent reads, so that after a power
// cut either the old one is there or the new one.
func writePrivate(path string, text []byte) error {
	dir := filepath.Dir(path)
	if err := secret.Folder(dir); err != nil {
		return err
	}
	f, err := os.CreateTemp(dir, filepath.Base(path)+temporary) // made with mode 0600
	if err != nil {
		return err
	}
	_, err = f.Write(text)
	if err == nil {
		err = f.Sync()
	}
	err = errors.Join(err, f.Close())
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		_ = os.Remove(f.Name())
		return err
	}
	syncFolder(dir)
	return nil
}

// temporary ends the names of files that are not whole yet.
const temporary = ".new*"

// sweep removes what a power cut left of files that were not whole yet.
func sweep(dir string) {
	left, _ := filepath.Glob(filepath.Join(dir, "identity", "*"+temporary)) // the pattern is good
	for _, name := range left {
		_ = os.Remove(name)
	}
}

// gate is open while the cabinet has taken our hello.
type gate struct {
	mu   sync.Mutex
	open chan struct{} // closed while open
	// shut says that only a person opens it again: revoked, or another program
	// speaks as this agent.
	shut    bool
	changed chan struct{} // closed and replaced when shut changes
}

func (g *gate) init() {
	g.open = make(chan struct{})
	g.changed = make(chan struct{})
}

func (g *gate) set(open, shut bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	select {
	case <-g.open:
		if !open {
			g.open = make(chan struct{})
		}
	default:
		if open {
			close(g.open)
		}
	}
	if shut != g.shut {
		g.shut = shut
		close(g.changed)
		g.changed = make(chan struct{})
	}
}

func (g *gate) isOpen() bool {
	select {
	case <-g.opened():
		return true
	default:
		return false
	}
}

func (g *gate) opened() <-chan struct{} {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.open
}

func (g *gate) isShut() (bool, <-chan struct{}) {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.shut, g.changed
}

// errNotGreeted says that a call was not made, because the cabinet has not
// taken our hello.
var errNotGreeted = errors.New("the cabinet has not taken the hello")

// greetWait is for how long a call waits for the hello.
const greetWait = 5 * time.Second

// introduce has every call carry which program makes it, and wait for the
// hello.
func (c *Client) introduce() connect.UnaryInterceptorFunc {
	return func(next connect.UnaryFunc) connect.UnaryFunc {
		return func(ctx context.Context, req connect.AnyRequest) (connect.AnyResponse, error) {
			req.Header().Set(instanceHeader, c.program.instance)
			switch req.Spec().Procedure {
			case uplinkv1connect.UplinkServiceHelloProcedure, uplinkv1connect.UplinkServiceRenewProcedure:
			default:
				timer := time.NewTimer(greetWait)
				defer timer.Stop()
				select {
				case <-c.gate.opened():
				case <-timer.C:
					return nil, errNotGreeted
				case <-ctx.Done():
					return nil, context.Cause(ctx)
				}
			}
			return next(ctx, req)
		}
	}
}

// reasonOf is why the cabinet refused a call, if it says.
func reasonOf(err error) string {
	if e, ok := errors.AsType[*connect.Error](err); ok {
		return e.Meta().Get(reasonHeader)
	}
	return ""
}

// whileAdmitted runs f as long as the cabinet does not shut this program out:
// one that is must not push the other off the broker.
func (c *Client) whileAdmitted(ctx context.Context, f func(context.Context)) {
	for ctx.Err() == nil {
		shut, changed := c.gate.isShut()
		if shut {
			select {
			case <-ctx.Done():
			case <-changed:
			}
			continue
		}
		part, cancel := context.WithCancel(ctx)
		ended := make(chan struct{})
		shutOut := make(chan bool, 1)
		go func() {
			select {
			case <-changed:
				cancel()
				shutOut <- true
			case <-ended:
				shutOut <- false
			}
		}()
		f(part)
		close(ended)
		cancel()
		// What the gate says now may be newer than what ended f: let in again
		// at once, it begins again all the same.
		if !<-shutOut {
			return
		}
	}
}
