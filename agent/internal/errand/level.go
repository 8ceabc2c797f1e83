package errand

import (
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"time"
)

// LevelLasts is how long another level of the log lasts.
const LevelLasts = time.Hour

// levelFile remembers another level across a restart.
const levelFile = "log-level.json"

// Level is the log's level: that of the configuration, or another one for a
// while. It goes back by itself, after a restart too. It is a slog.Leveler.
type Level struct {
	now   func() time.Time
	path  string
	usual slog.Level
	level slog.LevelVar

	mu    sync.Mutex
	until time.Time
	timer *time.Timer
}

// another is what the file holds.
type another struct {
	Level   slog.Level `json:"level"`
	UntilMS int64      `json:"until_ms"`
}

// OpenLevel gives the level of a log whose usual one is known. What stood in
// the data folder holds on while its hour lasts.
func OpenLevel(data string, usual slog.Level, now func() time.Time) *Level {
	if now == nil {
		now = time.Now
	}
	l := &Level{now: now, path: filepath.Join(data, levelFile), usual: usual}
	l.level.Set(usual)
	text, err := os.ReadFile(l.path)
	if err != nil {
		return l
	}
	var a another
	left := time.Duration(0)
	if json.Unmarshal(text, &a) == nil {
		left = time.UnixMilli(a.UntilMS).Sub(now())
	}
	// More than it can be: the clock went back, and nobody knows how far.
	if left <= 0 || left > LevelLasts {
		_ = os.Remove(l.path)
		return l
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.hold(a.Level, left)
	return l
}

// Level implements slog.Leveler.
func (l *Level) Level() slog.Level { return l.level.Level() }

// Until tells when another level ends; zero when there is none.
func (l *Level) Until() time.Time {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.until
}

// For has another level hold for so long, and tells until when.
func (l *Level) For(level slog.Level, lasts time.Duration) (time.Time, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	until := l.now().Add(lasts)
	text, err := json.Marshal(another{level, until.UnixMilli()})
	if err == nil {
		err = write(l.path, text)
	}
	if err != nil {
		return time.Time{}, fmt.Errorf("remember the level: %w", err)
	}
	l.hold(level, lasts)
	return until, nil
}

// hold sets the level and the timer that ends it; mu is held.
func (l *Level) hold(level slog.Level, lasts time.Duration) {
	if l.timer != nil {
		l.timer.Stop()
	}
	until := l.now().Add(lasts)
	l.until = until
	l.level.Set(level)
	l.timer = time.AfterFunc(lasts, func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		if !l.until.Equal(until) {
			return // it was changed anew meanwhile
		}
		l.until = time.Time{}
		l.level.Set(l.usual)
		_ = os.Remove(l.path)
	})
}

// Close stops the timer; the file stays for the next start.
func (l *Level) Close() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.timer != nil {
		l.timer.Stop()
	}
}

// write replaces a file whole.
func write(path string, text []byte) error {
	f, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+"-*")
	if err != nil {
		return err
	}
	_, err = f.Write(text)
	if err = errors.Join(err, f.Close()); err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		_ = os.Remove(f.Name())
	}
	return err
}
