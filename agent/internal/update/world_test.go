package update

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chekan-io/chekan/agent/internal/config"
	"github.com/chekan-io/chekan/installers/release/repository"
	fiscalv1 "github.com/chekan-io/chekan/proto/gen/fiscal/v1"
	uplinkv1 "github.com/chekan-io/chekan/proto/gen/uplink/v1"
)

// patience is how long a test waits for what must happen: only a failure takes so long.
const patience = 2 * time.Minute

// releases is a signed repository in a folder.
type releases struct {
	*repository.Dev
	dir string
}

func newReleases(t testing.TB, opts ...repository.Option) *releases {
	t.Helper()
	return newReleasesIn(t, t.TempDir(), opts...)
}

func newReleasesIn(t testing.TB, dir string, opts ...repository.Option) *releases {
	t.Helper()
	dev, err := repository.OpenDev(dir, opts...)
	must(t, err)
	return &releases{dev, dir}
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// add signs a release of this platform.
func (r *releases) add(t testing.TB, version string, binary []byte, edit ...func(*repository.Release)) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "binary")
	must(t, os.WriteFile(file, binary, 0o600))
	release := repository.Release{
		Version: version, Channel: "stable", Writes: 1, Reads: [2]int{1, 1}, Notes: "Испытание.", Binaries: map[string]string{Platform(): file},
	}
	if strings.Contains(version, "-") {
		release.Channel = "beta"
	}
	for _, f := range edit {
		f(&release)
	}
	must(t, r.Repository.Add(r.Release, release))
}

// root is the anchor as a package brings it.
func (r *releases) root(t testing.TB) string {
	t.Helper()
	text, err := r.Repository.Root()
	must(t, err)
	path := filepath.Join(t.TempDir(), "root.json")
	must(t, os.WriteFile(path, text, 0o600))
	return path
}

func sumOf(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

// cabinet is the other end of the line.
type cabinet struct {
	mu      sync.Mutex
	files   string // folder of the releases
	offer   *uplinkv1.FetchUpdateResponse
	asks    []*uplinkv1.FetchUpdateRequest
	reports []*uplinkv1.ReportUpdateRequest
	gets    []string
	away    bool
	deaf    int                                            // reports that get lost
	twist   func(path string, text []byte) ([]byte, error) // what is sent instead
	cut     func(path string, offset int64) int64          // how many bytes come; negative: all
	asked   chan struct{}
	news    chan struct{}
}

var _ Cabinet = (*cabinet)(nil)

func newCabinet(files string) *cabinet {
	return &cabinet{files: files, asked: make(chan struct{}, 1), news: make(chan struct{}, 1000)}
}

func (c *cabinet) Offer(_ context.Context, r *uplinkv1.FetchUpdateRequest) (*uplinkv1.FetchUpdateResponse, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.away {
		return nil, errors.New("no line")
	}
	c.asks = append(c.asks, r)
	if c.offer == nil {
		return &uplinkv1.FetchUpdateResponse{PollMs: 1}, nil
	}
	return c.offer, nil
}

func (c *cabinet) Report(_ context.Context, r *uplinkv1.ReportUpdateRequest) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.away || c.deaf > 0 {
		c.deaf--
		return errors.New("no line")
	}
	c.reports = append(c.reports, r)
	select {
	case c.news <- struct{}{}:
	default:
	}
	return nil
}

func (c *cabinet) Get(_ context.Context, path string, offset int64) (io.ReadCloser, int64, error) {
	c.mu.Lock()
	twist, cut, files := c.twist, c.cut, c.files
	c.gets = append(c.gets, fmt.Sprintf("%s@%d", path, offset))
	away := c.away
	c.mu.Unlock()
	if away {
		return nil, 0, errors.New("no line")
	}
	text, err := os.ReadFile(filepath.Join(files, filepath.FromSlash(path)))
	if errors.Is(err, os.ErrNotExist) {
		return nil, 0, ErrAbsent
	}
	if err == nil && twist != nil {
		text, err = twist(path, text)
	}
	if err != nil {
		return nil, 0, err
	}
	offset = min(offset, int64(len(text)))
	text = text[offset:]
	if cut != nil {
		if n := cut(path, offset); n >= 0 && n < int64(len(text)) {
			return io.NopCloser(io.MultiReader(bytes.NewReader(text[:n]), cutLine{})), offset, nil
		}
	}
	return io.NopCloser(bytes.NewReader(text)), offset, nil
}

// cutLine is a line that breaks.
type cutLine struct{}

func (cutLine) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

func (c *cabinet) Answers() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return !c.away
}

func (c *cabinet) Asked() <-chan struct{} { return c.asked }

// propose offers a version of a rollout.
func (c *cabinet) propose(rollout, version string) *uplinkv1.FetchUpdateResponse {
	offer := &uplinkv1.FetchUpdateResponse{RolloutId: rollout, Version: version, PollMs: 1000, TrialSeconds: 5}
	c.set(func() { c.offer = offer })
	return offer
}

func (c *cabinet) set(f func()) {
	c.mu.Lock()
	f()
	c.mu.Unlock()
	select {
	case c.asked <- struct{}{}:
	default:
	}
}

// stages are those reported so far, in short.
func (c *cabinet) stages() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	var out []string
	for _, r := range c.reports {
		s := strings.TrimPrefix(r.GetStage().String(), "UPDATE_STAGE_")
		if len(out) == 0 || out[len(out)-1] != s {
			out = append(out, s)
		}
	}
	return out
}

// last is the last report of a stage; nil when there is none.
func (c *cabinet) last(stage uplinkv1.UpdateStage) *uplinkv1.ReportUpdateRequest {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, r := range slices.Backward(c.reports) {
		if r.GetStage() == stage {
			return r
		}
	}
	return nil
}

// hear waits for a report of a stage.
func (c *cabinet) hear(t testing.TB, stage uplinkv1.UpdateStage) *uplinkv1.ReportUpdateRequest {
	t.Helper()
	late := time.After(patience)
	for {
		if r := c.last(stage); r != nil {
			return r
		}
		select {
		case <-c.news:
		case <-late:
			t.Fatalf("never reported %s; heard %v", stage, c.stages())
		}
	}
}

// shop is tills that do what the test says.
type shop struct {
	mu     sync.Mutex
	online map[string]bool
	busy   string
	held   bool
	looks  int
}

var _ Tills = (*shop)(nil)

func (s *shop) States() []*fiscalv1.TillState {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []*fiscalv1.TillState
	for name, online := range s.online {
		out = append(out, &fiscalv1.TillState{Till: name, Online: online})
	}
	return out
}

func (s *shop) Quiet(context.Context) (func(), string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.looks++
	if s.busy != "" {
		return nil, s.busy
	}
	s.held = true
	return func() { s.mu.Lock(); s.held = false; s.mu.Unlock() }, ""
}

func (s *shop) isHeld() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.held
}

func (s *shop) set(f func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f()
}

// computer is an agent's data folder with everything around it.
type computer struct {
	t        testing.TB
	data     string
	packaged string // version of the package
	releases *releases
	cabinet  *cabinet
	shop     *shop
	silent   bool
	damage   string // what the launcher said of damage
	edit     func(*Options)
	fault    func(step Step, path string) error
}

func newComputer(t testing.TB, opts ...repository.Option) *computer {
	r := newReleases(t, opts...)
	return &computer{
		t: t, data: t.TempDir(), packaged: "1.0.0", releases: r, cabinet: newCabinet(r.Dir), shop: &shop{online: map[string]bool{"k": true}},
	}
}

func (c *computer) log() *slog.Logger {
	if c.silent {
		return slog.New(slog.DiscardHandler)
	}
	return slog.New(slog.NewTextHandler(c.t.Output(), &slog.HandlerOptions{Level: slog.LevelInfo}))
}

// updater makes the part of a running version.
func (c *computer) updater(version string) *Updater {
	c.t.Helper()
	o := Options{
		Data: c.data, Version: version, Packaged: version == c.packaged, Cabinet: c.cabinet, Tills: c.shop, Fault: c.fault,
		Settings: config.Update{Channel: config.ChannelStable, Root: c.releases.root(c.t)}, Journal: Formats{1, [2]int{1, 1}},
		Rate: 1 << 30, Spare: 1, Log: c.log(),
	}
	if c.edit != nil {
		c.edit(&o)
	}
	u, err := New(o)
	must(c.t, err)
	return u
}

// launcher is the package's.
func (c *computer) launcher() *Launcher {
	return &Launcher{Data: c.data, Version: c.packaged, Log: c.log(), Fault: c.fault}
}

// running is an updater at work.
type running struct {
	*Updater
	stop  func()
	ended chan error
}

func (c *computer) start(version string) *running {
	c.t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	r := &running{Updater: c.updater(version), stop: cancel, ended: make(chan error, 1)}
	go func() { r.ended <- r.Run(ctx) }()
	c.t.Cleanup(cancel)
	return r
}

// end waits until it ends by itself.
func (r *running) end(t testing.TB) error {
	t.Helper()
	select {
	case err := <-r.ended:
		return err
	case <-time.After(patience):
		t.Fatal("it never ends")
		return nil
	}
}

// state reads what is on the disk.
func (c *computer) state() State {
	c.t.Helper()
	s, err := loadState(c.data)
	must(c.t, err)
	return s
}

func eventually(t testing.TB, what string, ok func() bool) {
	t.Helper()
	late := time.After(patience)
	for !ok() {
		select {
		case <-time.After(2 * time.Millisecond):
		case <-late:
			t.Fatalf("never happened: %s", what)
		}
	}
}
