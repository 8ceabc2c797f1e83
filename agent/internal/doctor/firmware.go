package doctor

import (
	_ "embed" // the list
	"fmt"
	"regexp"
	"sync"

	"github.com/BurntSushi/toml"

	fiscalv1 "github.com/chekan-io/chekan/proto/gen/fiscal/v1"
)

// Firmware is what is known of tills: with which the driver was tried, and what
// is wrong with some.
type Firmware struct {
	Tried []Which `toml:"tried"`
	Issue []Issue `toml:"issue"`
}

// Which picks tills. What is empty fits all.
type Which struct {
	Driver   string  `toml:"driver"`
	Model    pattern `toml:"model"`
	Firmware pattern `toml:"firmware"`
	FFD      string  `toml:"ffd"`
	// Unsent fits only tills whose documents wait for over a day.
	Unsent bool `toml:"unsent"`
}

// Issue is one thing known to be wrong.
type Issue struct {
	Which

	Text string `toml:"text"`
	Todo string `toml:"todo"`
	// Source is where it is told.
	Source string `toml:"source"`
}

// pattern is a regular expression of the list.
type pattern struct{ *regexp.Regexp }

// UnmarshalText implements encoding.TextUnmarshaler.
func (p *pattern) UnmarshalText(text []byte) (err error) {
	p.Regexp, err = regexp.Compile("^(?:" + string(text) + ")$")
	return err
}

func (p pattern) fits(s string) bool { return p.Regexp == nil || p.MatchString(s) }

//go:embed firmware.toml
var firmwareText string

// ParseFirmware reads a list.
func ParseFirmware(text string) (*Firmware, error) {
	f := new(Firmware)
	if _, err := toml.Decode(text, f); err != nil {
		return nil, fmt.Errorf("list of firmware: %w", err)
	}
	return f, nil
}

// KnownFirmware is the list that comes with the program; a test reads it.
var KnownFirmware = sync.OnceValue(func() *Firmware {
	f, err := ParseFirmware(firmwareText)
	if err != nil {
		return new(Firmware)
	}
	return f
})

// Of tells whether a till is one that was tried, and what is wrong with it.
func (f *Firmware) Of(s *fiscalv1.TillState, unsent bool) (tried bool, issues []Issue) {
	fits := func(w Which) bool {
		return (w.Driver == "" || w.Driver == s.GetDriver()) && w.Model.fits(s.GetModel()) && w.Firmware.fits(s.GetFirmware()) &&
			(w.FFD == "" || w.FFD == s.GetFfd()) && (!w.Unsent || unsent)
	}
	for _, w := range f.Tried {
		tried = tried || fits(w)
	}
	for _, i := range f.Issue {
		if fits(i.Which) {
			issues = append(issues, i)
		}
	}
	return tried, issues
}
