package update

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	uplinkv1 "github.com/chekan-io/chekan/proto/gen/uplink/v1"
)

var (
	cutImages = flag.Int("images", 1, "crash images a step of an update is cut at")
	cutKills  = flag.Int("kills", 16, "real processes that are killed in an update")
	cutSeed   = flag.Uint64("seed", 1, "seed of what a power cut leaves")
)

// drive watches every durable step of the story, can end the process before any
// of them, and knows what a power cut at that moment may leave of the files: what
// was synced, and any part of the rest.
type drive struct {
	mu    sync.Mutex
	root  string
	log   []change
	inode map[string]int // by path
	next  int
	last  func() // notes what the step before did
	steps int
	die   int // before which step; -1 is never
	dead  bool
	kinds map[Step]int
}

// change is one change of the file system.
type change struct {
	kind    Step
	path    string // relative to root
	from    string
	inode   int
	content []byte
	durable bool
}

func newDrive(root string, die int) *drive {
	return &drive{root: root, inode: map[string]int{}, die: die, kinds: map[Step]int{}}
}

// fault is the hook of the program.
func (d *drive) fault(step Step, path string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.dead {
		return errDied
	}
	if d.last != nil {
		d.last() // the step before is over
		d.last = nil
	}
	if d.steps == d.die {
		d.dead = true
		return errDied
	}
	d.steps++
	d.kinds[step]++
	rel, _ := filepath.Rel(d.root, path)
	d.last = func() { d.note(step, rel) }
	return nil
}

// isDead tells whether the process has died.
func (d *drive) isDead() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.dead
}

// note takes down what a step has done.
func (d *drive) note(step Step, path string) {
	switch step {
	case StepCreate, StepWrite, StepSync, StepMode:
		id, known := d.inode[path]
		if !known || step == StepCreate {
			d.next++
			id = d.next
			d.inode[path] = id
			d.log = append(d.log, change{kind: StepCreate, path: path, inode: id})
		}
		text, err := os.ReadFile(filepath.Join(d.root, path))
		if err != nil {
			return // it is gone already: what became of it is another step
		}
		d.log = append(d.log, change{kind: StepWrite, path: path, inode: id, content: text})
		if step == StepSync || step == StepMode {
			for i := range d.log {
				if d.log[i].kind == StepWrite && d.log[i].inode == id {
					d.log[i].durable = true
				}
			}
		}
	case StepMkdir:
		d.log = append(d.log, change{kind: StepMkdir, path: path})
	case StepRename:
		from := path + newSuffix
		if !strings.HasSuffix(path, ".json") {
			from = filepath.Join(filepath.Dir(path), newSuffix+"-"+filepath.Base(path))
		}
		for p, id := range d.inode {
			if p == from || strings.HasPrefix(p, from+"/") {
				delete(d.inode, p)
				d.inode[path+strings.TrimPrefix(p, from)] = id
			}
		}
		d.log = append(d.log, change{kind: StepRename, path: path, from: from})
	case StepSyncDir:
		for i := range d.log {
			c := &d.log[i]
			if c.kind != StepWrite && filepath.Dir(c.path) == path {
				c.durable = true
			}
		}
	case StepRemove:
		for p := range d.inode {
			if p == path || strings.HasPrefix(p, path+"/") {
				delete(d.inode, p)
			}
		}
		d.log = append(d.log, change{kind: StepRemove, path: path})
	case StepLeave, StepStart:
	}
}

// image is what a power cut may leave, in a folder of its own.
func (d *drive) image(t testing.TB, dice *rand.Rand) string {
	t.Helper()
	entries, contents, dirs := map[string]int{}, map[int][]byte{}, map[string]bool{".": true}
	move := func(from, to string) {
		for p, id := range entries {
			if p == from || strings.HasPrefix(p, from+"/") {
				delete(entries, p)
				entries[to+strings.TrimPrefix(p, from)] = id
			}
		}
		if dirs[from] {
			delete(dirs, from)
			dirs[to] = true
		}
	}
	for _, c := range d.log {
		if !c.durable && dice.IntN(2) == 0 {
			continue
		}
		switch c.kind {
		case StepMkdir:
			dirs[c.path] = true
		case StepCreate:
			entries[c.path] = c.inode
		case StepWrite:
			content := c.content
			if !c.durable && len(content) > 0 {
				content = bytes.Clone(content[:dice.IntN(len(content)+1)])
				if dice.IntN(3) == 0 { // the length came through, the bytes did not
					clear(content[len(content)/2:])
				}
			}
			contents[c.inode] = content
		case StepRename:
			move(c.from, c.path)
		case StepRemove:
			for p := range entries {
				if p == c.path || strings.HasPrefix(p, c.path+"/") {
					delete(entries, p)
				}
			}
			delete(dirs, c.path)
		}
	}
	dir := t.TempDir()
	for p := range dirs {
		must(t, os.MkdirAll(filepath.Join(dir, p), 0o700))
	}
	for p, id := range entries {
		if !dirs[filepath.Dir(p)] {
			continue // its folder did not make it
		}
		mode := os.FileMode(0o600)
		if filepath.Base(p) == exeName {
			mode = 0o700
		}
		must(t, os.WriteFile(filepath.Join(dir, p), contents[id], mode))
	}
	return dir
}

// storyCabinet offers 1.1.0 to who runs 1.0.0, and 1.2.0 to who runs 1.1.0.
type storyCabinet struct{ *cabinet }

func (c storyCabinet) Offer(ctx context.Context, r *uplinkv1.FetchUpdateRequest) (*uplinkv1.FetchUpdateResponse, error) {
	if _, err := c.cabinet.Offer(ctx, r); err != nil {
		return nil, err
	}
	offer := &uplinkv1.FetchUpdateResponse{PollMs: 1000, TrialSeconds: 3}
	switch {
	case r.GetVersion() == "1.0.0":
		offer.RolloutId, offer.Version = "r1", "1.1.0"
	case r.GetVersion() == "1.1.0" && r.GetFailed() != "1.2.0":
		offer.RolloutId, offer.Version = "r2", "1.2.0"
	}
	return offer, nil
}

// live has the computer switched on until the story is told or the process
// dies: 1.1.0 comes and stays, 1.2.0 comes, cannot reach the till, and goes. It
// fails when there is ever nothing whole to run.
func (c *computer) live(d *drive) {
	c.t.Helper()
	c.fault = d.fault
	for range 40 {
		decision := c.launcher().choose()
		if d.isDead() {
			return
		}
		if strings.Contains(decision.Text, "повреж") {
			c.damage = decision.Text
		}
		version := c.packaged
		if v := decision.Run; v != "" {
			version = v
			text, err := os.ReadFile(binaryPath(c.data, v))
			info, statErr := os.Stat(binaryPath(c.data, v))
			if err != nil || statErr != nil || !bytes.Equal(text, program(v)) || info.Mode().Perm()&0o100 == 0 {
				c.t.Fatalf("bricked: %s is not whole: %v, %d bytes", v, err, len(text))
			}
		}
		c.shop.set(func() { c.shop.online["k"], c.shop.held = version != "1.2.0", false })
		ctx, cancel := context.WithCancel(context.Background())
		u := c.updater(version)
		u.o.Cabinet = storyCabinet{c.cabinet}
		ended := make(chan error, 1)
		go func() { ended <- u.Run(ctx) }()
		told := time.NewTicker(100 * time.Millisecond)
		late := time.Now().Add(10 * patience)
		err := errors.New("not ended")
		for err != nil && !errors.Is(err, ErrRelaunch) && !d.isDead() && !c.told(version) {
			select {
			case err = <-ended:
			case <-told.C:
				if time.Now().After(late) {
					c.t.Fatalf("version %s runs and the story does not go on: %+v, heard %v", version, c.state(), c.cabinet.stages())
				}
			}
		}
		told.Stop()
		done := c.told(version)
		cancel()
		if err != nil && err.Error() == "not ended" {
			<-ended
		}
		if done || d.isDead() {
			return
		}
	}
	c.t.Fatalf("the story never ends: %+v, heard %v", c.state(), c.cabinet.stages())
}

// told tells whether the story is at its end.
func (c *computer) told(version string) bool {
	if version != "1.1.0" {
		return false
	}
	s, err := loadState(c.data)
	if err != nil || s.Chosen != "1.1.0" || s.Trial != nil || s.Reports != nil || s.Failed == nil || s.Failed.Version != "1.2.0" {
		return false
	}
	heard := map[string]bool{}
	c.cabinet.mu.Lock()
	defer c.cabinet.mu.Unlock()
	for _, r := range c.cabinet.reports {
		heard[r.GetVersion()+" "+r.GetStage().String()] = true
	}
	return heard["1.1.0 UPDATE_STAGE_HEALTHY"] && heard["1.2.0 UPDATE_STAGE_ROLLED_BACK"]
}

// storyComputer is a computer before the story.
func storyComputer(t testing.TB, r *releases) *computer {
	c := &computer{t: t, data: t.TempDir(), packaged: "1.0.0", releases: r, cabinet: newCabinet(r.Dir), shop: &shop{online: map[string]bool{"k": true}}, silent: true}
	return c
}

// TestCut ends the process before each step of two updates, one that stays and
// one that goes back; then the same with the power: the disk keeps what was
// synced and any part of the rest. Each time something whole runs, and the story
// comes to its end.
func TestCut(t *testing.T) {
	var steps, cuts, images int
	var r *releases
	folder := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		r = newReleasesIn(t, folder)
		for _, v := range []string{"1.1.0", "1.2.0"} {
			r.add(t, v, program(v))
		}
		whole := newDrive("", -1)
		c := storyComputer(t, r)
		whole.root = c.data
		c.live(whole)
		steps = whole.steps
		for _, kind := range []Step{StepMkdir, StepCreate, StepWrite, StepSync, StepMode, StepRename, StepSyncDir, StepRemove, StepLeave} {
			if whole.kinds[kind] == 0 {
				t.Errorf("the story has no step %q", kind)
			}
		}
		if !c.told("1.1.0") {
			t.Fatalf("the story does not come to its end: %+v", c.state())
		}
	})
	if t.Failed() {
		return
	}
	dice := rand.New(rand.NewPCG(*cutSeed, 0))
	for die := range steps {
		ok := t.Run(fmt.Sprintf("step %d", die), inBubble(func(t *testing.T) {
			c := storyComputer(t, r)
			d := newDrive(c.data, die)
			c.live(d)
			if !d.isDead() {
				return // this time the story was shorter: its waits are not counted alike
			}
			var left []string
			for range *cutImages {
				left = append(left, d.image(t, dice))
			}
			heard := slices.Clone(c.cabinet.reports)
			// The process was killed, the disk is as it is.
			c.live(newDrive(c.data, -1))
			cuts++
			for _, dir := range left {
				after := storyComputer(t, r)
				after.data, after.cabinet.reports = dir, slices.Clone(heard)
				after.live(newDrive(dir, -1))
				images++
				if after.damage != "" {
					t.Errorf("what was synced is damaged: %s", after.damage)
				}
			}
		}))
		if !ok {
			break
		}
	}
	bricked := 0
	if t.Failed() {
		bricked = 1
	}
	fmt.Printf("UPDATECUT steps=%d cuts=%d images=%d bricked=%d seed=%d\n", steps, cuts, images, bricked, *cutSeed)
}

// A drive that forgets what it was told to keep is noticed: otherwise the rig
// would prove nothing. Even then something whole runs.
func TestCut_control(t *testing.T) {
	dice := rand.New(rand.NewPCG(*cutSeed, 1))
	var r *releases
	folder, noticed := t.TempDir(), ""
	for die := 20; die < 100 && noticed == ""; die += 3 {
		synctest.Test(t, func(t *testing.T) {
			if r == nil {
				r = newReleasesIn(t, folder)
				for _, v := range []string{"1.1.0", "1.2.0"} {
					r.add(t, v, program(v))
				}
			}
			c := storyComputer(t, r)
			d := newDrive(c.data, die)
			c.live(d)
			for i := range d.log {
				d.log[i].durable = d.log[i].durable && d.log[i].kind != StepWrite
			}
			after := storyComputer(t, r)
			after.data, after.cabinet.reports = d.image(t, dice), slices.Clone(c.cabinet.reports)
			after.live(newDrive(after.data, -1))
			noticed = after.damage
		})
	}
	if noticed == "" {
		t.Error("files that were never synced did not do any harm")
	}
}
