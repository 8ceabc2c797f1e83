package update

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	uplinkv1 "github.com/chekan-io/chekan/proto/gen/uplink/v1"
)

// stateFormat is the meaning of state.json. Fields are only ever added: the
// launcher that reads it is the oldest part of an installation.
const stateFormat = 1

// State is what survives: which version runs, which one was before, and how a
// version on trial fares. The empty name is the packaged version everywhere.
type State struct {
	// Format is stateFormat.
	Format int `json:"format"`
	// Chosen is the version to run.
	Chosen string `json:"chosen,omitempty"`
	// Previous is the version to go back to.
	Previous string `json:"previous,omitempty"`
	// Trial is set while Chosen has to show that it works.
	Trial *Trial `json:"trial,omitempty"`
	// Failed is the version that was given up last.
	Failed *Failed `json:"failed,omitempty"`
	// Binaries are what is in the folder, by version.
	Binaries map[string]Binary `json:"binaries,omitempty"`
	// Reports are what the cabinet has to hear, oldest first; each is kept until it
	// says that it has.
	Reports []Report `json:"reports,omitempty"`
	// Notice is a sentence for people about a fall-back; empty when all is well.
	Notice string `json:"notice,omitempty"`
}

// Trial is a version that has to show that it works.
type Trial struct {
	// Rollout is the offer's.
	Rollout string `json:"rollout,omitempty"`
	// From is the version that ran before, as it calls itself.
	From string `json:"from"`
	// Starts counts starts that did not end by an orderly stop. It is durable
	// before each start.
	Starts int `json:"starts"`
	// Seconds is how long it has to run.
	Seconds int `json:"seconds"`
	// Tills are those that answered before the switch.
	Tills []string `json:"tills,omitempty"`
	// Cloud is that the cabinet answered before the switch.
	Cloud bool `json:"cloud,omitempty"`
	// SinceMs is the time of the switch, Unix ms.
	SinceMs int64 `json:"since_ms"`
}

// Failed is a version that did not stay.
type Failed struct {
	Version string `json:"version"`
	Rollout string `json:"rollout,omitempty"`
	// Text says why, in Russian.
	Text string `json:"text"`
	// AtMs is when, Unix ms.
	AtMs int64 `json:"at_ms"`
}

// Binary is what a version's file has to be.
type Binary struct {
	SHA256 string `json:"sha256"`
	Size   int64  `json:"size"`
}

// Report is a stage as the cabinet hears it.
type Report struct {
	Rollout string               `json:"rollout"`
	Version string               `json:"version"`
	Stage   uplinkv1.UpdateStage `json:"stage"`
	Text    string               `json:"text,omitempty"`
	From    string               `json:"from"`
	Fetched uint64               `json:"fetched,omitempty"`
	Size    uint64               `json:"size,omitempty"`
}

// errStateDamaged says that state.json cannot be understood.
var errStateDamaged = errors.New("state of updates is damaged")

// Paths of the folders, under the agent's data folder.
func versionsDir(data string) string { return filepath.Join(data, "versions") }
func statePath(data string) string   { return filepath.Join(versionsDir(data), "state.json") }
func metadataDir(data string) string { return filepath.Join(data, "update", "metadata") }
func downloadDir(data string) string { return filepath.Join(data, "update", "download") }

// binaryPath is where the binary of a version lies.
func binaryPath(data, version string) string {
	return filepath.Join(versionsDir(data), version, exeName)
}

// loadState reads the state; no file is an empty state.
func loadState(data string) (State, error) {
	text, err := os.ReadFile(statePath(data))
	if errors.Is(err, os.ErrNotExist) {
		return State{Format: stateFormat}, nil
	}
	if err != nil {
		return State{Format: stateFormat}, fmt.Errorf("read the state of updates: %w", err)
	}
	var s State
	if err := json.Unmarshal(text, &s); err != nil {
		return State{Format: stateFormat}, fmt.Errorf("%w: %w", errStateDamaged, err)
	}
	if err := s.check(); err != nil {
		return State{Format: stateFormat}, fmt.Errorf("%w: %w", errStateDamaged, err)
	}
	return s, nil
}

// check refuses what would have strange files run.
func (s *State) check() error {
	if s.Format != stateFormat {
		return fmt.Errorf("format %d", s.Format)
	}
	for _, v := range []string{s.Chosen, s.Previous} {
		if canonical, ok := name(v); v != "" && (!ok || canonical != v) {
			return fmt.Errorf("version %q", v)
		}
	}
	if s.Trial != nil && s.Chosen == "" {
		return errors.New("a trial of nothing")
	}
	return nil
}

// save makes the state durable.
func (s State) save(d *disk, data string) error {
	s.Format = stateFormat
	text, err := json.MarshalIndent(s, "", " ")
	if err != nil {
		return fmt.Errorf("write the state of updates: %w", err)
	}
	if err := d.mkdir(versionsDir(data)); err != nil {
		return fmt.Errorf("write the state of updates: %w", err)
	}
	if err := d.replace(statePath(data), append(text, '\n')); err != nil {
		return fmt.Errorf("write the state of updates: %w", err)
	}
	return nil
}

// back gives up the version on trial: the one before is chosen again.
func (s State) back(text string, now time.Time) State {
	failed := Failed{Version: s.Chosen, Text: text, AtMs: now.UnixMilli()}
	if t := s.Trial; t != nil {
		failed.Rollout = t.Rollout
		s = s.report(Report{Rollout: t.Rollout, Version: s.Chosen, From: t.From, Stage: uplinkv1.UpdateStage_UPDATE_STAGE_ROLLED_BACK, Text: text})
	}
	s.Failed, s.Chosen, s.Previous, s.Trial = &failed, s.Previous, "", nil
	return s
}

// stay ends the trial well.
func (s State) stay() State {
	if t := s.Trial; t != nil {
		s = s.report(Report{Rollout: t.Rollout, Version: s.Chosen, From: t.From, Stage: uplinkv1.UpdateStage_UPDATE_STAGE_HEALTHY})
	}
	s.Trial, s.Notice = nil, ""
	return s
}

// maxReports bounds what a cabinet that is away for long has to hear.
const maxReports = 16

// report adds what the cabinet has to hear; of one rollout only the newest counts.
func (s State) report(r Report) State {
	s = s.heard(func(old Report) bool { return old.Rollout == r.Rollout && old.Version == r.Version })
	s.Reports = append(s.Reports, r)
	if n := len(s.Reports) - maxReports; n > 0 {
		s.Reports = s.Reports[n:]
	}
	return s
}

// heard takes reports away.
func (s State) heard(which func(Report) bool) State {
	s.Reports = slices.DeleteFunc(slices.Clone(s.Reports), which)
	if len(s.Reports) == 0 {
		s.Reports = nil
	}
	return s
}

// newest is what was reported last.
func (s State) newest() Report {
	if len(s.Reports) == 0 {
		return Report{}
	}
	return s.Reports[len(s.Reports)-1]
}
