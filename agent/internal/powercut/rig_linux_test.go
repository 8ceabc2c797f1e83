package powercut

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"
)

// tillNames are the tills of a rig: two, so that commits of the journal hold
// what several ask for.
var tillNames = []string{"kassa-1", "kassa-2"}

// defect is what a control run plants.
type defect struct {
	noSync bool // commits are not synced
	deaf   bool // the drive ignores flushes
}

// life is one run of the computer, from its start to a cut: what it begins
// with.
type life struct {
	content blocks
	tills   map[string]*chips
	ledger  []asked
	number  int // in its chain
}

// firstLife is a computer with an empty disk and new tills.
func firstLife(empty blocks) life {
	l := life{content: empty, tills: map[string]*chips{}}
	for _, name := range tillNames {
		l.tills[name] = &chips{}
	}
	return l
}

// after is the life that follows a cut.
func (l life) after(content blocks, m *moment) life {
	return life{content: content, tills: m.tills, ledger: m.ledger, number: l.number + 1}
}

// chances are how likely an event of each kind is chosen for a cut.
var chances = map[event]float64{atWrite: 0.10, atFlush: 0.30, atAnswer: 0.25}

// rig is the first rig.
type rig struct {
	dir    string // scratch
	exe    string
	rng    *rand.Rand
	defect defect
	each   int // operations a till in one life
	take   func(*moment)
}

// run lives one life; moments for cuts go to take.
func (r *rig) run(l life) (err error) {
	content, _, err := boot(r.dir, l.content)
	if err != nil {
		return err
	}
	d := newDrive(content)
	d.deaf = r.defect.deaf
	mouth, mnt := filepath.Join(r.dir, "fuse"), filepath.Join(r.dir, "disk")
	if err := errors.Join(os.MkdirAll(mouth, 0o700), os.MkdirAll(mnt, 0o700)); err != nil {
		return err
	}
	book := &ledger{list: slices.Clone(l.ledger)}
	tills := map[string]*outside{}
	wires := map[string]string{}
	for _, name := range tillNames {
		o, err := standTill(name, l.tills[name].copy())
		if err != nil {
			return err
		}
		defer o.close()
		tills[name], wires[name] = o, "tcp://"+o.addr
	}
	path, unserve, err := serveFUSE(d, mouth)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, unserve()) }()

	dice := rand.New(rand.NewPCG(r.rng.Uint64(), 1))
	d.mu.Lock()
	d.watch = func(e event) {
		if dice.Float64() < chances[e] {
			r.take(capture(e, d, book, tills))
		}
	}
	d.mu.Unlock()
	if err := mountFile(path, mnt, true, ""); err != nil {
		return err
	}
	defer func() {
		// Power is off: what unmounting writes is of no interest.
		d.mu.Lock()
		d.watch = func(event) {}
		d.mu.Unlock()
		err = errors.Join(err, unmount(mnt))
	}()
	agent, err := r.startAgent(agentOrder{
		Dir: filepath.Join(mnt, "journal"), Listen: "127.0.0.1:0", Tills: wires, NoSync: r.defect.noSync,
		Ahead: l.number, Turn: 500 * time.Millisecond,
	})
	if err != nil {
		return err
	}
	defer agent.kill()
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	return r.trade(ctx, knock(agent.door), book, l, d)
}

// capture notes the world. The drive is held by the caller.
func capture(e event, d *drive, book *ledger, tills map[string]*outside) *moment {
	m := &moment{at: e, durable: slices.Clone(d.durable), pending: slices.Clone(d.pending), tills: map[string]*chips{}}
	// What the shop has heard is noted before what the tills hold: nothing can
	// be heard that they do not hold yet.
	m.ledger = book.copy()
	for name, o := range tills {
		m.tills[name] = o.chips.copy()
	}
	return m
}

// trade is the shop at work: first what had no answer, then new operations.
func (r *rig) trade(ctx context.Context, agent door, book *ledger, l life, d *drive) error {
	var all sync.WaitGroup
	errs := make([]error, len(tillNames))
	for n, name := range tillNames {
		c := &cashier{till: name, rng: rand.New(rand.NewPCG(r.rng.Uint64(), 2)), made: 1000 * l.number}
		all.Go(func() { errs[n] = serveTill(ctx, agent, book, c, fmt.Sprintf("life%d", l.number), r.each, d) })
	}
	all.Wait()
	return errors.Join(errs...)
}

func serveTill(ctx context.Context, agent door, book *ledger, c *cashier, prefix string, count int, d *drive) error {
	for i, a := range book.copy() {
		if a.op.GetTill() != c.till {
			continue
		}
		if a.heard == nil {
			got, err := resolve(ctx, agent, a)
			if err != nil {
				return fmt.Errorf("%s: %w", a.op.GetKey(), err)
			}
			book.hear(i, got)
			d.report(atAnswer)
		}
		c.follow(a.op, a.refused)
	}
	for range count {
		a := c.next(prefix)
		i := book.ask(a)
		got, err := agent.submit(ctx, a.op, 5*time.Second)
		if err != nil || !final(got) || notDone(got) && !a.refused {
			got, err = resolve(ctx, agent, a)
		}
		if err != nil {
			return fmt.Errorf("%s: %w", a.op.GetKey(), err)
		}
		book.hear(i, got)
		d.report(atAnswer)
	}
	return nil
}

// process is the agent inside the rig.
type process struct {
	cmd  *exec.Cmd
	door string
}

func (r *rig) startAgent(o agentOrder) (*process, error) {
	order, err := json.Marshal(o)
	if err != nil {
		return nil, err
	}
	cmd := exec.Command(r.exe, agentArg, string(order))
	var said strings.Builder
	cmd.Stderr = &said
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("start the agent: %w", err)
	}
	p := &process{cmd: cmd}
	line, err := bufio.NewReader(out).ReadString('\n')
	door, ok := strings.CutPrefix(strings.TrimSpace(line), "door ")
	if err != nil || !ok {
		p.kill()
		return nil, fmt.Errorf("the agent did not start: %w %s", err, said.String())
	}
	p.door = door
	return p, nil
}

func (p *process) kill() {
	_ = p.cmd.Process.Kill()
	_ = p.cmd.Wait()
}
