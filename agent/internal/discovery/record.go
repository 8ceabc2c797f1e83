package discovery

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/chekan-io/chekan/agent/internal/config"
	"github.com/chekan-io/chekan/agent/internal/till"
)

// record is what is kept of a till: whom it is bound to and where it was last.
type record struct {
	Serial  string `json:"serial,omitempty"`
	FN      string `json:"fn,omitempty"`
	Retired bool   `json:"retired,omitempty"`
	// Configured is what the configuration said of the wire when Wire was found:
	// a person who writes another one there means it.
	Configured string `json:"configured"`
	Wire       string `json:"wire,omitempty"`
	// USB is the device behind the port, "" when it is not on USB.
	USB string `json:"usb,omitempty"`
	// Before are the devices that the till was, on whose word they ceased to be.
	Before []former `json:"before,omitempty"`
}

type former struct {
	Serial string    `json:"serial"`
	FN     string    `json:"fn"`
	Until  time.Time `json:"until"`
	By     string    `json:"by"`
}

func (r record) binding() till.Binding {
	return till.Binding{Serial: r.Serial, FN: r.FN, Retired: r.Retired}
}

// mostBefore bounds the history.
const mostBefore = 20

func recordFile(dir, name string) string { return filepath.Join(dir, name+".bound") }

// loadRecord reads what is kept of a till; the zero record when there is nothing.
func loadRecord(dir, name string) (record, error) {
	var r record
	text, err := os.ReadFile(recordFile(dir, name))
	if errors.Is(err, fs.ErrNotExist) {
		return r, nil
	}
	if err == nil {
		err = json.Unmarshal(text, &r)
	}
	if err != nil {
		return record{}, fmt.Errorf("read the binding of till %q: %w", name, err)
	}
	return r, nil
}

// save replaces the file whole; it is on disk when save returns.
func (r record) save(dir, name string) error {
	text, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return err
	}
	return config.ReplaceFile(recordFile(dir, name), append(text, '\n'))
}
