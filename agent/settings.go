package main

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"sync"

	"github.com/chekan-io/chekan/agent/internal/config"
	"github.com/chekan-io/chekan/agent/internal/errand"
	fiscalv1 "github.com/chekan-io/chekan/proto/gen/fiscal/v1"
)

// settings are what the cabinet's people want of the tills: taken by an errand,
// kept by package config, told in every report of state.
type settings struct {
	mu      sync.Mutex
	holds   config.Config  // what this program runs with
	kept    config.Overlay // what is on disk; ahead of holds until the restart
	refused map[string]string
	changed func()
}

var _ errand.Settings = (*settings)(nil)

func newSettings(cfg config.Config, changed func()) *settings {
	return &settings{holds: cfg, kept: cfg.Wished, refused: map[string]string{}, changed: changed}
}

// Take implements errand.Settings.
func (s *settings) Take(till string, want *fiscalv1.TillSettings) (fresh, restart bool, err error) {
	defer s.changed()
	s.mu.Lock()
	defer s.mu.Unlock()
	defer func() {
		delete(s.refused, till)
		if err != nil {
			s.refused[till] = err.Error()
		}
	}()
	if !s.has(till) {
		return false, false, fmt.Errorf("у агента нет кассы %q", till)
	}
	next, fresh, err := s.kept.With(wishOf(till, want))
	if err != nil {
		return false, false, err
	}
	if fresh {
		if err := s.holds.Keep(next); err != nil {
			return false, false, err
		}
		s.kept = next
	}
	all := s.holds.With(s.kept)
	if needsRestart(s.holds, all) {
		return fresh, true, nil
	}
	s.holds = all
	return fresh, false, nil
}

// begin keeps the settings that a till is to begin with, before it is in the
// list.
func (s *settings) begin(till string, first *fiscalv1.TillSettings) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	next, fresh, err := s.kept.With(wishOf(till, first))
	if err != nil || !fresh {
		return err
	}
	if err := s.holds.Keep(next); err != nil {
		return err
	}
	s.kept = next
	return nil
}

// wishOf is what the cabinet's people want as package config keeps it.
func wishOf(till string, want *fiscalv1.TillSettings) config.Wish {
	return config.Wish{
		Till: till, Version: want.GetVersion(), Title: strings.TrimSpace(want.GetTitle()), OFD: want.GetOfd(), OFDINN: want.GetOfdInn(),
		FinishPrint: want.GetFinishPrint(), RushHours: want.GetRushHours(),
	}
}

func (s *settings) has(till string) bool {
	for _, t := range s.holds.Tills {
		if t.Name == till {
			return true
		}
	}
	return false
}

// needsRestart tells whether two configurations differ in what is read at the
// start only.
func needsRestart(now, next config.Config) bool {
	for i := range now.Tills {
		was, will := now.Tills[i], next.Tills[i]
		if was.Delivery() != will.Delivery() || was.FinishPrint != will.FinishPrint {
			return true
		}
	}
	return strings.Join(now.Update.RushHours, ",") != strings.Join(next.Update.RushHours, ",")
}

// Trouble implements errand.Settings.
func (s *settings) Trouble() error {
	if s.holds.Spoilt != nil {
		return errors.New("файл настроек из кабинета испорчен")
	}
	return nil
}

// report is what holds of every till.
func (s *settings) report() []*fiscalv1.SettingsReport {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := make([]*fiscalv1.SettingsReport, 0, len(s.holds.Tills))
	for _, t := range s.holds.Tills {
		w := s.holds.Holding(t)
		r := &fiscalv1.SettingsReport{
			Till: t.Name, Hash: hashOf(w), Refused: s.refused[t.Name],
			Settings: &fiscalv1.TillSettings{
				Version: w.Version, Title: w.Title, Ofd: w.OFD, OfdInn: w.OFDINN, FinishPrint: w.FinishPrint, RushHours: w.RushHours,
			},
		}
		if err := s.Trouble(); err != nil && r.GetRefused() == "" {
			r.Refused = err.Error()
		}
		out = append(out, r)
	}
	return out
}

// title is how people call a till.
func (s *settings) title(till string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, t := range s.holds.Tills {
		if t.Name == till {
			return t.Title
		}
	}
	return ""
}

// hashOf is of the values without the version: equal values, equal hash.
func hashOf(w config.Wish) string {
	sum := sha256.Sum256([]byte(strings.Join([]string{w.Title, w.OFD, w.OFDINN, w.FinishPrint, w.RushHours}, "\x00")))
	return hex.EncodeToString(sum[:])
}
