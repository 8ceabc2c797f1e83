package config

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/BurntSushi/toml"
)

// AdoptedFile is where in the data folder the agent writes the tills that a
// person took over from a search: sections [[till]] as in the main file, and
// nothing else. The main file stays the person's own.
const AdoptedFile = "tills.toml"

const adoptedHead = "# Кассы, принятые командой chekan-agent till adopt. Файл пишет агент; править можно, когда он остановлен.\n\n"

// written is a till as it is written there: what is not said is left out.
type written struct {
	Name    string `toml:"name"`
	Driver  string `toml:"driver"`
	Wire    string `toml:"wire"`
	Serial  string `toml:"serial,omitempty"`
	Printer string `toml:"printer,omitempty"`
}

// AdoptedPath is the file of a configuration.
func (c *Config) AdoptedPath() string { return filepath.Join(c.Data, AdoptedFile) }

// addAdopted reads the agent's own list after the person's; main is the path of
// that.
func (c *Config) addAdopted(main string) error {
	path := c.AdoptedPath()
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("не удалось прочитать список принятых касс: %w", err)
	}
	more := Config{Tills: nil}
	if err := decode(string(text), &more); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	if err := onlyTills(string(text)); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	for _, t := range more.Tills {
		for _, own := range c.Tills {
			if own.Name == t.Name {
				return fmt.Errorf("касса %q есть и в %s, и в %s: оставьте её в одном файле", t.Name, main, path)
			}
		}
	}
	c.Tills = append(c.Tills, more.Tills...)
	c.fill()
	if err := c.check(); err != nil {
		return fmt.Errorf("%s и %s: %w", main, path, err)
	}
	return nil
}

func onlyTills(text string) error {
	var top map[string]any
	if _, err := toml.Decode(text, &top); err != nil {
		return err
	}
	for key := range top {
		if key != "till" {
			return fmt.Errorf("ключ %s: в этом файле бывают только разделы [[till]]", key)
		}
	}
	return nil
}

// Adopt writes one more till into the agent's own list. The whole configuration
// with it is checked first; an error leaves the file as it was. A power cut
// leaves the old file or the new one.
func (c *Config) Adopt(t Till) error {
	all := *c
	all.Tills = append(append([]Till(nil), c.Tills...), t)
	all.fill()
	if err := all.check(); err != nil {
		return err
	}
	text, err := os.ReadFile(c.AdoptedPath())
	if errors.Is(err, fs.ErrNotExist) {
		text, err = []byte(adoptedHead), nil
	}
	if err != nil {
		return fmt.Errorf("не удалось прочитать список принятых касс: %w", err)
	}
	var section bytes.Buffer
	e := toml.NewEncoder(&section)
	e.Indent = ""
	if err := e.Encode(struct {
		Till []written `toml:"till"`
	}{[]written{{t.Name, t.Driver, t.Wire, t.Serial, t.Printer}}}); err != nil {
		return fmt.Errorf("write the till: %w", err)
	}
	if len(text) > 0 && !bytes.HasSuffix(text, []byte("\n")) {
		text = append(text, '\n')
	}
	if err := ReplaceFile(c.AdoptedPath(), append(append(text, '\n'), section.Bytes()...)); err != nil {
		return fmt.Errorf("не удалось записать список принятых касс: %w", err)
	}
	return nil
}

// ReplaceFile puts a new file, readable by its owner only, in place of an old
// one. A power cut leaves one of them, whole; when it returns the new one is
// durable.
func ReplaceFile(path string, text []byte) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	f, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+"-*") // made with mode 0600
	if err != nil {
		return err
	}
	_, err = f.Write(text)
	err = errors.Join(err, f.Sync(), f.Close())
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		_ = os.Remove(f.Name())
		return err
	}
	return flushFolder(filepath.Dir(path))
}
