package update

import (
	"bytes"
	"crypto/ed25519"
	"encoding/json"
	"errors"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/theupdateframework/go-tuf/v2/metadata"
	"github.com/theupdateframework/go-tuf/v2/metadata/trustedmetadata"

	"github.com/chekan-io/chekan/installers/release/repository"
	uplinkv1 "github.com/chekan-io/chekan/proto/gen/uplink/v1"
)

// instead sends other bytes for the files whose path ends so.
func instead(suffix string, change func(text []byte) []byte) func(string, []byte) ([]byte, error) {
	return func(path string, text []byte) ([]byte, error) {
		if strings.HasSuffix(path, suffix) {
			return change(bytes.Clone(text)), nil
		}
		return text, nil
	}
}

// flip changes one bit in the middle.
func flip(text []byte) []byte {
	text[len(text)/2] ^= 1
	return text
}

// attacks are what a cabinet, or somebody in its place, can do wrong. Each leaves
// the running version and its sentence; taken back, the same update goes through.
var attacks = []struct {
	name string
	// set prepares the computer and gives what takes the attack back; nil is that
	// nothing does.
	set  func(t *testing.T, c *computer) (undo func())
	want string
}{
	{"one bit of the binary", func(_ *testing.T, c *computer) func() {
		c.cabinet.twist = instead(".zst", flip)
		return func() { c.cabinet.set(func() { c.cabinet.twist = nil }) }
	}, "не тот, что подписан"},
	{"more of the binary than signed, without end", func(_ *testing.T, c *computer) func() {
		c.cabinet.twist = instead(".zst", func(text []byte) []byte { return append(text, make([]byte, 10<<20)...) })
		return func() { c.cabinet.set(func() { c.cabinet.twist = nil }) }
	}, "больше, чем подписано"},
	{"no binary", func(_ *testing.T, c *computer) func() {
		c.cabinet.twist = func(path string, text []byte) ([]byte, error) {
			if strings.HasSuffix(path, ".zst") {
				return nil, ErrAbsent
			}
			return text, nil
		}
		return func() { c.cabinet.set(func() { c.cabinet.twist = nil }) }
	}, "нет файла версии"},
	{"one bit of the timestamp", func(_ *testing.T, c *computer) func() {
		c.cabinet.twist = instead("timestamp.json", func(text []byte) []byte { return bytes.Replace(text, []byte(`"version": `), []byte(`"version": 9`), 1) })
		return func() { c.cabinet.set(func() { c.cabinet.twist = nil }) }
	}, "не теми ключами"},
	{"garbage for a timestamp", func(_ *testing.T, c *computer) func() {
		c.cabinet.twist = instead("timestamp.json", func([]byte) []byte { return []byte("<html>") })
		return func() { c.cabinet.set(func() { c.cabinet.twist = nil }) }
	}, "испорчены"},
	{"a timestamp without end", func(_ *testing.T, c *computer) func() {
		c.cabinet.twist = instead("timestamp.json", func(text []byte) []byte { return append(text, bytes.Repeat([]byte(" "), 1<<20)...) })
		return func() { c.cabinet.set(func() { c.cabinet.twist = nil }) }
	}, "больше, чем могут весить"},
	{"signed by other keys", func(t *testing.T, c *computer) func() {
		theirs := newReleases(t)
		theirs.add(t, "1.1.0", program("1.1.0"))
		c.cabinet.files = theirs.Dir
		return func() { c.cabinet.set(func() { c.cabinet.files = c.releases.Dir }) }
	}, "не теми ключами"},
	{"no metadata at all", func(t *testing.T, c *computer) func() {
		c.cabinet.files = t.TempDir()
		return func() { c.cabinet.set(func() { c.cabinet.files = c.releases.Dir }) }
	}, "нет подписанных сведений"},
	{"the targets of another snapshot", func(t *testing.T, c *computer) func() {
		before := read(t, c.releases.Dir, "metadata/1.targets.json")
		c.releases.add(t, "1.0.1", program("1.0.1"))
		c.cabinet.twist = instead("2.targets.json", func([]byte) []byte { return before })
		return func() { c.cabinet.set(func() { c.cabinet.twist = nil }) }
	}, "не подходят друг к другу"},
	{"the snapshot of another timestamp", func(t *testing.T, c *computer) func() {
		before := read(t, c.releases.Dir, "metadata/1.snapshot.json")
		c.releases.add(t, "1.0.1", program("1.0.1"))
		c.cabinet.twist = instead("2.snapshot.json", func([]byte) []byte { return before })
		return func() { c.cabinet.set(func() { c.cabinet.twist = nil }) }
	}, "не подходят друг к другу"},
	{"metadata older than seen", func(t *testing.T, c *computer) func() {
		old := t.TempDir()
		must(t, os.CopyFS(old, os.DirFS(c.releases.Dir)))
		c.releases.add(t, "1.0.1", program("1.0.1"))
		c.see()
		c.cabinet.files = old
		return func() { c.cabinet.set(func() { c.cabinet.files = c.releases.Dir }) }
	}, "старше тех, что агент уже видел"},
	{"expired metadata", func(t *testing.T, c *computer) func() {
		now := time.Now()
		c.edit = func(o *Options) { o.Now = func() time.Time { return now } }
		now = now.Add(100 * 24 * time.Hour)
		return func() {
			r, err := repository.Open(c.releases.Dir, repository.WithClock(func() time.Time { return now }))
			must(t, err)
			must(t, r.Refresh(c.releases.Release))
		}
	}, "просрочены"},
	{"a version that was never released", func(_ *testing.T, c *computer) func() {
		c.cabinet.propose("r1", "1.1.7")
		return func() { c.cabinet.propose("r2", "1.1.0") }
	}, "нет версии 1.1.7"},
	{"a version for another computer", func(t *testing.T, c *computer) func() {
		c.releases.add(t, "1.1.8", program("1.1.8"), func(r *repository.Release) {
			r.Binaries = map[string]string{"plan9-mips": r.Binaries[Platform()]}
		})
		c.cabinet.propose("r1", "1.1.8")
		return func() { c.cabinet.propose("r2", "1.1.0") }
	}, "нет версии 1.1.8 для этого компьютера"},
	{"an older version", func(t *testing.T, c *computer) func() {
		c.releases.add(t, "0.9.0", program("0.9.0"))
		c.cabinet.propose("r1", "0.9.0")
		return func() { c.cabinet.propose("r2", "1.1.0") }
	}, "на более старую агент не переходит"},
	{"what is no version", func(_ *testing.T, c *computer) func() {
		c.cabinet.propose("r1", "../../etc")
		return func() { c.cabinet.propose("r2", "1.1.0") }
	}, "записана неверно"},
	{"a test version for a stable agent", func(t *testing.T, c *computer) func() {
		c.releases.add(t, "1.1.0-beta.1", program("1.1.0-beta.1"))
		c.cabinet.propose("r1", "1.1.0-beta.1")
		return func() { c.cabinet.propose("r2", "1.1.0") }
	}, "выпущена в канале beta"},
	{"a journal that could not be read on the way back", func(t *testing.T, c *computer) func() {
		c.releases.add(t, "1.2.0", program("1.2.0"), func(r *repository.Release) { r.Writes, r.Reads = 2, [2]int{1, 2} })
		c.cabinet.propose("r1", "1.2.0")
		return func() { c.cabinet.propose("r2", "1.1.0") }
	}, "вернуться было бы нельзя"},
	{"a journal it could not read", func(t *testing.T, c *computer) func() {
		c.releases.add(t, "1.3.0", program("1.3.0"), func(r *repository.Release) { r.Writes, r.Reads = 2, [2]int{2, 2} })
		c.edit = func(o *Options) { o.Journal = Formats{1, [2]int{1, 2}} }
		c.cabinet.propose("r1", "1.3.0")
		return func() { c.cabinet.propose("r2", "1.1.0") }
	}, "не прочтёт журнал"},
	{"no anchor", func(_ *testing.T, c *computer) func() {
		c.edit = func(o *Options) { o.Settings.Root = filepath.Join(c.data, "root.json") }
		return func() { must(c.t, os.Rename(c.releases.root(c.t), filepath.Join(c.data, "root.json"))) }
	}, "Нет файла корневых ключей"},
	{"a damaged anchor", func(_ *testing.T, c *computer) func() {
		path := filepath.Join(c.data, "root.json")
		must(c.t, os.WriteFile(path, []byte("{"), 0o600))
		c.edit = func(o *Options) { o.Settings.Root = path }
		return func() { must(c.t, os.Rename(c.releases.root(c.t), path)) }
	}, "корневых ключей обновлений повреждён"},
	{"no room on the disk", func(_ *testing.T, c *computer) func() {
		c.edit = func(o *Options) { o.Spare = 1 << 60 }
		return nil
	}, "мало места"},
	{"the disk fills up while the binary comes", func(_ *testing.T, c *computer) func() {
		var full atomic.Bool
		full.Store(true)
		c.fault = func(step Step, path string) error {
			if full.Load() && step == StepWrite && strings.HasSuffix(path, ".part") {
				return syscall.ENOSPC
			}
			return nil
		}
		return func() { full.Store(false) }
	}, "кончилось место посреди обновления"},
	{"the disk fills up while it is unpacked", func(_ *testing.T, c *computer) func() {
		var full atomic.Bool
		full.Store(true)
		c.fault = func(step Step, path string) error {
			if full.Load() && step == StepSync && filepath.Base(path) == exeName {
				return syscall.ENOSPC
			}
			return nil
		}
		return func() { full.Store(false) }
	}, "кончилось место посреди обновления"},
	{"the disk is full at the switch", func(_ *testing.T, c *computer) func() {
		var full atomic.Bool
		full.Store(true)
		c.fault = func(step Step, path string) error {
			if full.Load() && strings.Contains(path, "state.json") {
				return syscall.ENOSPC
			}
			return nil
		}
		return func() { full.Store(false) }
	}, "нет места, чтобы записать выбор"},
}

func read(t *testing.T, dir, path string) []byte {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(dir, path))
	must(t, err)
	return text
}

// see has the computer see the metadata as it is now.
func (c *computer) see() {
	c.t.Helper()
	u := c.updater("1.0.0")
	_, err := u.release(c.t.Context(), "1.0.1")
	must(c.t, err)
}

func TestAttacks(t *testing.T) {
	for _, a := range attacks {
		t.Run(a.name, inBubble(func(t *testing.T) {
			c := newComputer(t)
			c.releases.add(t, "1.1.0", program("1.1.0"))
			c.cabinet.propose("r1", "1.1.0")
			undo := a.set(t, c)
			r := c.start("1.0.0")
			got := c.cabinet.hear(t, uplinkv1.UpdateStage_UPDATE_STAGE_REFUSED)
			if !strings.Contains(got.GetText(), a.want) {
				t.Errorf("refused: %q", got.GetText())
			}
			if _, text := r.Status(); !strings.Contains(text, a.want) {
				t.Errorf("status: %q", text)
			}
			if p := r.Problems(); len(p) != 1 || p[0].GetCode() != CodeRefused {
				t.Errorf("problems: %v", p)
			}
			if s := c.state(); s.Chosen != "" || s.Trial != nil || c.shop.isHeld() {
				t.Errorf("%+v", s)
			}
			if d := c.launcher().choose(); d.Run != "" {
				t.Errorf("runs %q", d.Run)
			}
			c.noPrograms(t)
			if undo == nil {
				return
			}
			undo()
			if err := r.end(t); !errors.Is(err, ErrRelaunch) {
				t.Fatalf("it does not go on afterwards: %v", err)
			}
			if got := c.state().Chosen; got != "1.1.0" {
				t.Errorf("then it chose %q", got)
			}
		}))
	}
}

// noPrograms fails when anything in the data folder can be executed that is not
// what was signed.
func (c *computer) noPrograms(t *testing.T) {
	t.Helper()
	must(t, filepath.WalkDir(c.data, func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		info, err := e.Info()
		if err != nil || info.Mode().Perm()&0o111 == 0 {
			return err
		}
		if text, err := os.ReadFile(path); err != nil || !bytes.Equal(text, program("1.1.0")) {
			t.Errorf("%s can be executed: %v", path, err)
		}
		return nil
	}))
}

// noise is a binary that does not pack.
func noise(n int) []byte {
	b := make([]byte, n)
	_, _ = rand.NewChaCha8([32]byte{}).Read(b) // never fails
	return b
}

// A download that is cut again and again goes on where it was, and asks for no
// byte twice.
func TestDownload_resumes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newComputer(t)
		c.releases.add(t, "1.1.0", noise(300_000))
		const piece = 20_000
		c.cabinet.cut = func(path string, _ int64) int64 {
			if strings.HasSuffix(path, ".zst") {
				return piece
			}
			return -1
		}
		c.cabinet.propose("r1", "1.1.0")
		if err := c.start("1.0.0").end(t); !errors.Is(err, ErrRelaunch) {
			t.Fatal(err)
		}
		var at []string
		for _, g := range c.cabinet.gets {
			if _, offset, ok := strings.Cut(g, ".zst@"); ok {
				at = append(at, offset)
			}
		}
		if len(at) < 4 || at[0] != "0" || at[1] != "20000" || at[2] != "40000" || len(slices.Compact(slices.Clone(at))) != len(at) {
			t.Errorf("asked for bytes from %v", at)
		}
		if got := c.cabinet.last(uplinkv1.UpdateStage_UPDATE_STAGE_DOWNLOADING); got == nil || !strings.Contains(got.GetText(), "прервалась") || got.GetSize() == 0 {
			t.Errorf("reported %v", got)
		}
	})
}

// A restart in the middle of a download does not begin it anew; another release
// takes its place.
func TestDownload_restart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newComputer(t)
		for _, v := range []string{"1.1.0", "1.2.0"} {
			c.releases.add(t, v, append(noise(1000), v...))
		}
		c.cabinet.cut = func(path string, offset int64) int64 {
			if strings.HasSuffix(path, ".zst") && strings.Contains(path, "1.1.0") {
				return max(0, 50-offset)
			}
			return -1
		}
		c.cabinet.propose("r1", "1.1.0")
		r := c.start("1.0.0")
		eventually(t, "50 bytes are there", func() bool {
			list, _ := filepath.Glob(filepath.Join(downloadDir(c.data), "*.part"))
			return len(list) == 1 && size(list[0]) == 50
		})
		r.stop()
		must(t, r.end(t))
		c.cabinet.set(func() { c.cabinet.cut, c.cabinet.gets = nil, nil })
		if err := c.start("1.0.0").end(t); !errors.Is(err, ErrRelaunch) {
			t.Fatal(err)
		}
		if !slices.ContainsFunc(c.cabinet.gets, func(g string) bool { return strings.HasSuffix(g, ".zst@50") }) {
			t.Errorf("asked for %v", c.cabinet.gets)
		}
	})
}

// A download is no faster than it may be.
func TestDownload_rate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newComputer(t)
		c.releases.add(t, "1.1.0", noise(640<<10))
		c.edit = func(o *Options) { o.Rate = 64 << 10 }
		c.cabinet.propose("r1", "1.1.0")
		began := time.Now()
		if err := c.start("1.0.0").end(t); !errors.Is(err, ErrRelaunch) {
			t.Fatal(err)
		}
		if took := time.Since(began); took < 8*time.Second || took > 20*time.Second {
			t.Errorf("640 KB at 64 KB a second took %v", took)
		}
	})
}

// Keys may be rotated; who was away meanwhile follows root by root.
func TestMetadata_rotation(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newComputer(t)
		c.releases.add(t, "1.0.1", program("1.0.1"))
		anchor := c.releases.root(t)
		c.edit = func(o *Options) { o.Settings.Root = anchor }
		c.see()
		for range 3 {
			next, err := repository.NewKey()
			must(t, err)
			var public []ed25519.PublicKey
			for _, k := range c.releases.Roots {
				public = append(public, repository.Public(k))
			}
			must(t, c.releases.Repository.Rotate(repository.Roots{Keys: public, Threshold: 2}, repository.Public(next)))
			must(t, c.releases.Repository.SignRoot(c.releases.Roots[:2]...))
			c.releases.Release = next
			must(t, c.releases.Repository.Refresh(next))
		}
		c.releases.add(t, "1.1.0", program("1.1.0"))
		c.cabinet.propose("r1", "1.1.0")
		if err := c.start("1.0.0").end(t); !errors.Is(err, ErrRelaunch) {
			t.Fatal(err)
		}
	})
}

// A release that is signed with nonsense about itself is not believed either.
func TestFind_nonsense(t *testing.T) {
	good := custom{Version: "1.1.0", Channel: "stable", Platform: "linux-amd64", Writes: 1, Reads: [2]int{1, 1}, SHA256: sumOf(nil), Size: 5}
	for _, c := range []struct {
		name string
		edit func(*custom, *metadata.TargetFiles)
		want string
	}{
		{"nothing wrong", func(*custom, *metadata.TargetFiles) {}, ""},
		{"another platform", func(c *custom, _ *metadata.TargetFiles) { c.Platform = "linux-arm64" }, "не для этого компьютера"},
		{"another version", func(c *custom, _ *metadata.TargetFiles) { c.Version = "1.0.0" }, "не для этого компьютера"},
		{"a giant", func(c *custom, _ *metadata.TargetFiles) { c.Size = maxBinary + 1 }, "нет размера"},
		{"a packed giant", func(_ *custom, f *metadata.TargetFiles) { f.Length = maxBinary + 1 }, "нет размера"},
		{"no hash", func(_ *custom, f *metadata.TargetFiles) { f.Hashes = metadata.Hashes{"md5": {1}} }, "нет размера"},
		{"no hash of the program", func(c *custom, _ *metadata.TargetFiles) { c.SHA256 = "" }, "нет размера"},
	} {
		about := good
		file := &metadata.TargetFiles{Length: 3, Hashes: metadata.Hashes{"sha256": make([]byte, 32)}}
		c.edit(&about, file)
		text, err := json.Marshal(about)
		must(t, err)
		file.Custom = (*json.RawMessage)(&text)
		targets := metadata.Targets()
		targets.Signed.Targets["agent/1.1.0/linux-amd64/chekan-agent.zst"] = file
		trusted := &trustedmetadata.TrustedMetadata{
			Root: metadata.Root(), Targets: map[string]*metadata.Metadata[metadata.TargetsType]{metadata.TARGETS: targets},
		}
		_, err = find(trusted, "1.1.0", "linux-amd64")
		if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}
