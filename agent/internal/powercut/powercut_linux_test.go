package powercut

import (
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"
)

var (
	seedFlag = flag.Uint64("seed", 1, "seed of the choices")
	full     = flag.Bool("full", false, "run both rigs and their controls")
	images   = flag.Int("images", 3000, "images of the first rig")
	keepFlag = flag.String("keep", "", "folder for images that did not pass")
	cuts     = flag.Int("cuts", 60, "cuts of the second rig")
)

const driveSize = 24 << 20

// ready skips where the first rig cannot run, and says why; the full run fails
// there.
func ready(t *testing.T) {
	t.Helper()
	without := t.Skip
	if *full {
		without = t.Fatal // it was asked for
	}
	for _, path := range []string{"/dev/fuse", "/dev/loop-control"} {
		if _, err := os.Stat(path); err != nil {
			without("this computer has no " + path)
		}
	}
	if err := rehearse(t.TempDir()); err != nil {
		without("mounting needs root, FUSE and loop devices: ", err)
	}
	if _, err := exec.LookPath("mkfs.ext4"); err != nil {
		without("mkfs.ext4 is not installed (e2fsprogs)")
	}
}

// rehearse does once what the first rig does all the time.
func rehearse(dir string) error {
	path, unserve, err := serveFUSE(newDrive(make(blocks, 16)), dir)
	if err != nil {
		return err
	}
	loop, err := attach(path, true)
	if err == nil {
		err = loop.Close()
	}
	return errors.Join(err, unserve())
}

// scratch is a folder in memory: the drive under test is ours, not this one.
func scratch(t *testing.T) string {
	t.Helper()
	root := "/dev/shm"
	if _, err := os.Stat(root); err != nil {
		root = os.TempDir()
	}
	dir, err := os.MkdirTemp(root, "chekan-powercut-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	return dir
}

// sample is a moment with the images it is looked at in.
type sample struct {
	*moment
	number int // of the moment, for the choices
	images int
	chosen blocks // the image that the next life begins with, if it is this moment's
}

// course says how a rig is to be run.
type course struct {
	name   string
	defect defect
	images int           // at least so many
	each   int           // operations a till in one life
	chain  int           // lives after the first one on the same disk
	limit  time.Duration // images are taken so long; 0: until there are enough
}

// fileRig runs the first rig.
func fileRig(t *testing.T, seed uint64, c course) *tally {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	dir := scratch(t)
	empty, err := makeExt4(dir, driveSize)
	if err != nil {
		t.Fatal(err)
	}
	all := newTally(c.name, c.images)
	queue := make(chan sample, 16) // a full one makes the drive wait
	var workers sync.WaitGroup
	for n := range 2 {
		place := filepath.Join(dir, fmt.Sprint("check", n))
		workers.Go(func() {
			for s := range queue {
				look(place, exe, seed, s, c, all)
			}
		})
	}
	rng := rand.New(rand.NewPCG(seed, 1))
	l, began := firstLife(empty), time.Now()
	for found, lives := 0, 0; found < c.images && (c.limit == 0 || time.Since(began) < c.limit); lives++ {
		var moments []*moment
		r := &rig{dir: dir, exe: exe, rng: rng, defect: c.defect, each: c.each, take: func(m *moment) {
			if found >= c.images || c.limit > 0 && time.Since(began) > c.limit {
				return
			}
			moments = append(moments, m)
			s := sample{moment: m, number: lives*10000 + len(moments), images: 1 + min(len(m.pending), 2)}
			found += s.images
			queue <- s
		}}
		if err := r.run(l); err != nil {
			t.Errorf("%s, life %d: %v", c.name, lives+1, err)
			break
		}
		if l.number < c.chain && len(moments) > 0 {
			m := moments[rng.IntN(len(moments))]
			next := m.image(rng)
			queue <- sample{moment: m, chosen: next}
			found++
			l = l.after(next, m)
		} else {
			l = firstLife(empty)
		}
	}
	close(queue)
	workers.Wait()
	return all
}

// look looks into the images of a sample.
func look(place, exe string, seed uint64, s sample, c course, all *tally) {
	one := func(content blocks) {
		v := check(place, exe, content, s.moment, c.defect == defect{})
		name := all.add(s.moment, v)
		if v.bad() && *keepFlag != "" {
			_ = content.save(filepath.Join(*keepFlag, name))
		}
	}
	if s.chosen != nil {
		one(s.chosen)
	}
	rng := rand.New(rand.NewPCG(seed, uint64(s.number)))
	for range s.images {
		one(s.image(rng))
	}
}

// TestPowerCut_slice is a slice of the first rig.
func TestPowerCut_slice(t *testing.T) {
	ready(t)
	all := fileRig(t, *seedFlag, course{name: "file", images: 150, each: 4, chain: 2, limit: 20 * time.Second})
	t.Logf("seed %d: %v", *seedFlag, all)
	for _, s := range all.stories {
		t.Error(s)
	}
}

// TestPowerCut is `make powercut`: both rigs with their controls.
func TestPowerCut(t *testing.T) {
	if !*full {
		t.Skip("only `make powercut` runs the whole")
	}
	ready(t)
	say("seed %d", *seedFlag)
	var sum summary
	sum.honest(t, "file: FUSE, loop, ext4, the journal with till and driver", func() *tally {
		return fileRig(t, *seedFlag, course{name: "file", images: *images, each: 12, chain: 3})
	})
	sum.control(t, "file, control: commits are not synced", func() *tally {
		return fileRig(t, *seedFlag, course{name: "file-nosync", defect: defect{noSync: true}, images: 150, each: 12})
	})
	sum.control(t, "file, control: the drive ignores flushes", func() *tally {
		return fileRig(t, *seedFlag, course{name: "file-deaf", defect: defect{deaf: true}, images: 150, each: 12})
	})
	say("machine: QEMU without KVM, NBD with a volatile cache, Debian's kernel, chekan-agent")
	machine, err := buildMachine(t.Context(), scratch(t))
	if err != nil {
		t.Fatal(err)
	}
	sum.honest(t, "machine: from every cut it boots again", func() *tally {
		return machineRigOf(t, *seedFlag, machine, course{name: "machine", images: *cuts})
	})
	sum.control(t, "machine, control: commits are not synced", func() *tally {
		return machineRigOf(t, *seedFlag, machine, course{name: "machine-nosync", defect: defect{noSync: true}, images: 8})
	})
	sum.control(t, "machine, control: the drive ignores flushes", func() *tally {
		return machineRigOf(t, *seedFlag, machine, course{name: "machine-deaf", defect: defect{deaf: true}, images: 8})
	})
	say("%v", &sum)
}

// say writes a line of the log, which is worth keeping.
func say(format string, args ...any) { fmt.Fprintf(os.Stdout, format+"\n", args...) }

// summary is what all rigs came to.
type summary struct {
	cuts, pending, lost, doubled int
	controls, caught             int
}

func (s *summary) honest(t *testing.T, title string, run func() *tally) {
	t.Helper()
	say("%s", title)
	y := run()
	say("  %v", y)
	s.cuts, s.pending, s.lost, s.doubled = s.cuts+y.cuts, s.pending+y.pending, s.lost+y.lost, s.doubled+y.doubled
	for i, story := range y.stories {
		if i == 20 {
			t.Errorf("… and %d more", len(y.stories)-i)
			break
		}
		t.Error(story)
	}
}

// control runs a rig with a planted defect, which it has to find: something
// acknowledged is gone or happened twice.
func (s *summary) control(t *testing.T, title string, run func() *tally) {
	t.Helper()
	say("%s", title)
	y := run()
	say("  %v", y)
	s.controls++
	if y.lost+y.doubled == 0 {
		t.Errorf("%s: not caught", title)
		return
	}
	s.caught++
	say("  caught, for example: %s", y.caught)
}

func (s *summary) String() string {
	return fmt.Sprintf("POWERCUT cuts=%d pending=%d lost=%d doubled=%d controls_caught=%d/%d", s.cuts, s.pending, s.lost, s.doubled, s.caught, s.controls)
}
