package powercut

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"
)

const machineDrive = 64 << 20

// machineRig is the second rig: lives of a machine, one after the other on one
// disk, with tills that keep their power.
type machineRig struct {
	machine *machine
	dir     string
	exe     string
	rng     *rand.Rand
	defect  defect
	tally   *tally
	empty   blocks

	content blocks
	tills   map[string]*outside
	book    *ledger
	number  int
}

// machineRigOf runs the second rig.
func machineRigOf(t *testing.T, seed uint64, m *machine, c course) *tally {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	dir := scratch(t)
	empty, err := makeExt4(dir, machineDrive)
	if err == nil {
		empty, err = withToken(dir, empty)
	}
	if err != nil {
		t.Fatal(err)
	}
	r := &machineRig{machine: m, dir: dir, exe: exe, rng: rand.New(rand.NewPCG(seed, 3)), defect: c.defect, tally: newTally(c.name, c.images), empty: empty}
	defer r.leave()
	control := c.defect != defect{}
	for r.tally.cuts < c.images && (!control || r.tally.lost+r.tally.doubled == 0) {
		if r.content == nil {
			if err := r.begin(); err != nil {
				t.Fatal(err)
			}
		}
		v, err := r.life()
		if err != nil {
			t.Errorf("%s, life %d: %v", c.name, r.number, err)
			break
		}
		if v.bad() || control {
			r.leave() // what is wrong now would be found again and again
		}
	}
	return r.tally
}

// withToken puts the key of the agent's door on a disk, where the agent looks
// for it.
func withToken(dir string, content blocks) (blocks, error) {
	file, mnt := filepath.Join(dir, "token"), filepath.Join(dir, "mnt")
	defer os.Remove(file)
	if err := errors.Join(os.MkdirAll(mnt, 0o700), content.save(file)); err != nil {
		return nil, err
	}
	if err := mountFile(file, mnt, false, ""); err != nil {
		return nil, err
	}
	if err := errors.Join(os.WriteFile(filepath.Join(mnt, "token"), []byte(token+"\n"), 0o600), unmount(mnt)); err != nil {
		return nil, err
	}
	return loadBlocks(file)
}

// begin sets up an empty disk and new tills.
func (r *machineRig) begin() error {
	r.content, r.book, r.tills = r.empty, &ledger{}, map[string]*outside{}
	for _, name := range tillNames {
		o, err := standTill(name, &chips{})
		if err != nil {
			return err
		}
		r.tills[name] = o
	}
	return nil
}

// leave ends a chain of lives.
func (r *machineRig) leave() {
	for _, o := range r.tills {
		o.close()
	}
	r.content, r.tills = nil, nil
}

// cutAt is when a life ends: at the nth event that counts.
type cutAt struct {
	counts func(event) bool
	nth    int
}

func (r *machineRig) chooseCut() cutAt {
	if r.defect != (defect{}) {
		return cutAt{func(e event) bool { return e == atAnswer }, 3 + r.rng.IntN(8)}
	}
	return cutAt{func(e event) bool { return e != atAnswer }, 1 + r.rng.IntN(r.reach())}
}

// reach is how many events of the drive a life has at most: coming up takes
// some 60 of them, a sale some 15.
func (r *machineRig) reach() int { return 240 }

// life switches the machine on, trades until the cut, and looks into what it
// leaves.
func (r *machineRig) life() (v verdict, err error) {
	r.number++
	content, _, err := boot(r.dir, r.content)
	if err != nil {
		return v, err
	}
	d := newDrive(content)
	d.deaf = r.defect.deaf
	at, happened := r.chooseCut(), make(chan *moment, 1)
	d.watch = func(e event) {
		if !at.counts(e) {
			return
		}
		if at.nth--; at.nth == 0 {
			d.off = true
			happened <- &moment{at: e, durable: slices.Clone(d.durable), pending: slices.Clone(d.pending)}
		}
	}
	box, err := r.machine.start(d, true)
	if err != nil {
		return v, err
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	traded := make(chan error, 1)
	go func() { traded <- r.trade(ctx, box, d, &v) }()
	var m *moment
	select {
	case m = <-happened:
	case err = <-traded:
		// The end of trading may only be the first to be seen of a cut.
		select {
		case m = <-happened:
			err = nil
		default:
			err = fmt.Errorf("the machine went silent: %w: %s", err, box.Text())
		}
		traded <- nil
	case <-box.Ended:
		err = fmt.Errorf("the machine stopped by itself: %s", box.Text())
	case <-ctx.Done():
		err = fmt.Errorf("the cut did not come: %w: %s", ctx.Err(), box.Text())
	}
	box.cut()
	cancel()
	<-traded
	if err != nil {
		return v, err
	}
	// Disk and agent were dead from the event on, so all that was heard is
	// older than it.
	m.ledger, m.tills = r.book.copy(), map[string]*chips{}
	for name, o := range r.tills {
		m.tills[name] = o.chips.copy()
	}
	r.content = m.image(r.rng)
	image := check(r.dir, r.exe, r.content, m, r.defect == defect{})
	v.merge(image)
	r.tally.add(m, v)
	return v, nil
}

// trade is the shop: it waits for the agent, asks for what had no answer,
// compares with the fiscal memories while nothing goes on, and trades until the
// power goes.
func (r *machineRig) trade(ctx context.Context, box *running, d *drive, v *verdict) error {
	what := "agent"
	if r.defect.noSync {
		what = "nosync"
	}
	if _, err := fmt.Fprintf(box.Console, "\n\n%s %s %s\n", what, portOf(r.tills[tillNames[0]].addr), portOf(r.tills[tillNames[1]].addr)); err != nil {
		return err
	}
	agent := knock(box.door)
	for {
		_, err := agent.look(ctx, "nobody", 0)
		if errors.Is(err, errNoKey) {
			break
		}
		select {
		case <-time.After(50 * time.Millisecond):
		case <-box.Ended:
			return err
		case <-ctx.Done():
			return err
		}
	}
	list := r.book.copy()
	for i, err := range resolveAll(ctx, agent, list) {
		if err != nil {
			return fmt.Errorf("%s: %w", list[i].op.GetKey(), err)
		}
		if r.book.copy()[i].heard == nil {
			r.book.hear(i, list[i].heard)
		}
	}
	found := verdict{}
	for name, o := range r.tills {
		found.compare(name, o.device, list)
	}
	if d.isOff() {
		return errNoPower
	}
	*v = found
	r.tally.cameBack(len(list) > 0)
	var all sync.WaitGroup
	errs := make([]error, len(tillNames))
	for n, name := range tillNames {
		c := &cashier{till: name, rng: rand.New(rand.NewPCG(r.rng.Uint64(), 2)), made: 1000 * r.number}
		all.Go(func() { errs[n] = serveTill(ctx, agent, r.book, c, fmt.Sprintf("life%d", r.number), 500, d) })
	}
	all.Wait()
	return errors.Join(errs...)
}

func portOf(addr string) string {
	_, p, _ := net.SplitHostPort(addr)
	return p
}
