package config

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/BurntSushi/toml"
)

// OverlayFile is where in the data folder the agent writes what the cabinet's
// people want of its tills. It goes over the main file, which stays the person's
// own; its values before the last change are in the same file with .before
// behind its name.
const OverlayFile = "settings.toml"

const (
	overlayHead   = "# Настройки из кабинета. Файл пишет агент; он важнее основного файла настроек.\n\n"
	overlayBefore = ".before"
)

// Wish is what the cabinet's people want of one till. An empty value leaves what
// the agent has.
type Wish struct {
	// Till is the name of the till.
	Till string `toml:"name"`
	// Version grows with every change.
	Version uint64 `toml:"version"`
	// Title is how people call the till.
	Title string `toml:"title,omitempty"`
	// OFD is as in Till.
	OFD string `toml:"ofd,omitempty"`
	// OFDINN is the taxpayer number of the operator the till should be registered
	// with. It is kept to be compared and changes nothing in the till.
	OFDINN string `toml:"ofd_inn,omitempty"`
	// FinishPrint is as in Till.
	FinishPrint string `toml:"finish_print,omitempty"`
	// RushHours are those of Update, parted by commas; "-" is none. They are of the
	// whole agent: the till wished of last has the say.
	RushHours string `toml:"-"`
}

// Overlay is the whole file.
type Overlay struct {
	// RushHours is as in Wish.
	RushHours string `toml:"rush_hours,omitempty"`
	// Tills are the wishes, in the order they first came.
	Tills []Wish `toml:"till"`
}

// NoRushHours is RushHours of an agent that may change its version at any time.
const NoRushHours = "-"

const (
	maxTitle     = 100
	maxRushHours = 12
)

// Of gives the wish of a till; of one nobody wished anything of it is empty.
func (o *Overlay) Of(till string) Wish {
	for _, w := range o.Tills {
		if w.Till == till {
			w.RushHours = o.RushHours
			return w
		}
	}
	return Wish{Till: till, RushHours: o.RushHours}
}

// Check says what is wrong with a wish, in a sentence of which value it is and
// what it may be.
func (w *Wish) Check() error {
	if utf8.RuneCountInString(w.Title) > maxTitle || !utf8.ValidString(w.Title) || strings.ContainsFunc(w.Title, unicode.IsControl) || strings.TrimSpace(w.Title) != w.Title {
		return fmt.Errorf("название кассы: нужно не больше %d знаков в одну строку, без пробелов по краям", maxTitle)
	}
	t := Till{OFD: w.OFD}
	if err := t.checkOFD(); err != nil {
		return err
	}
	if strings.ContainsFunc(w.OFD, func(r rune) bool { return unicode.IsSpace(r) || unicode.IsControl(r) }) {
		return fmt.Errorf("ofd = %q: в адресе не бывает пробелов", w.OFD)
	}
	if !taxNumber(w.OFDINN) {
		return fmt.Errorf("ИНН оператора %q: нужно 10 цифр с верной контрольной, или 12 цифр БИН", w.OFDINN)
	}
	if w.FinishPrint != "" && !contains([]string{FinishPrintAuto, FinishPrintAsk}, w.FinishPrint) {
		return fmt.Errorf("finish_print = %q: можно \"auto\" (допечатывать самому) или \"ask\" (ждать человека)", w.FinishPrint)
	}
	hours := rushHours(w.RushHours)
	if len(hours) > maxRushHours {
		return fmt.Errorf("часы без обновлений: не больше %d промежутков", maxRushHours)
	}
	for _, h := range hours {
		if _, err := ParseHours(h); err != nil {
			return fmt.Errorf("часы без обновлений: %w", err)
		}
	}
	return nil
}

// taxNumber tells whether a text can be the number of an operator: 10 digits with
// the check digit of the Federal Tax Service's order, or the 12 of Kazakhstan.
func taxNumber(s string) bool {
	if strings.ContainsFunc(s, func(r rune) bool { return r < '0' || r > '9' }) {
		return false
	}
	switch len(s) {
	case 0, 12:
		return true
	case 10:
		sum := 0
		for i, weight := range []int{2, 4, 10, 3, 5, 9, 4, 6, 8} {
			sum += weight * int(s[i]-'0')
		}
		return sum%11%10 == int(s[9]-'0')
	}
	return false
}

func rushHours(text string) []string {
	if text == "" || text == NoRushHours {
		return nil
	}
	parts := strings.Split(text, ",")
	for i := range parts {
		parts[i] = strings.TrimSpace(parts[i])
	}
	return parts
}

// What a wish is not taken for.
var (
	errNoVersion = errors.New("у настроек нет номера версии: обновите кабинет")
	errOlder     = errors.New("у агента уже более новая версия этих настроек")
	errOtherSame = errors.New("у агента под этим номером другие настройки: измените их в кабинете ещё раз")
)

// With gives the overlay with one more wish in it. fresh is false when it has it
// already. Nothing is changed in place.
func (o *Overlay) With(w Wish) (with Overlay, fresh bool, err error) {
	if err := w.Check(); err != nil {
		return *o, false, err
	}
	was := o.Of(w.Till)
	next := was
	for _, v := range []struct {
		into *string
		from string
	}{{&next.Title, w.Title}, {&next.OFD, w.OFD}, {&next.OFDINN, w.OFDINN}, {&next.FinishPrint, w.FinishPrint}, {&next.RushHours, w.RushHours}} {
		if v.from != "" {
			*v.into = v.from
		}
	}
	next.Version = w.Version
	switch {
	case w.Version == 0:
		return *o, false, errNoVersion
	case w.Version < was.Version:
		return *o, false, errOlder
	case w.Version == was.Version && next != was:
		return *o, false, errOtherSame
	case w.Version == was.Version:
		return *o, false, nil
	}
	with = Overlay{RushHours: next.RushHours}
	for _, t := range o.Tills {
		if t.Till != w.Till {
			with.Tills = append(with.Tills, t)
		}
	}
	next.RushHours = ""
	with.Tills = append(with.Tills, next)
	return with, true, nil
}

// OverlayPath is the file of a configuration.
func (c *Config) OverlayPath() string { return filepath.Join(c.Data, OverlayFile) }

// Keep writes an overlay durably, once the whole configuration with it is found
// good. The values before it stay in a file beside it. A power cut leaves the old
// file or the new one.
func (c *Config) Keep(o Overlay) error {
	all := c.With(o)
	if err := all.check(); err != nil {
		return err
	}
	var text bytes.Buffer
	text.WriteString(overlayHead)
	e := toml.NewEncoder(&text)
	e.Indent = ""
	if err := e.Encode(o); err != nil {
		return fmt.Errorf("write settings: %w", err)
	}
	path := c.OverlayPath()
	if was, err := os.ReadFile(path); err == nil {
		if err := ReplaceFile(path+overlayBefore, was); err != nil {
			return fmt.Errorf("не удалось сохранить прежние настройки: %w", err)
		}
	} else if !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("не удалось прочитать настройки из кабинета: %w", err)
	}
	if err := ReplaceFile(path, text.Bytes()); err != nil {
		return fmt.Errorf("не удалось записать настройки из кабинета: %w", err)
	}
	return nil
}

// With gives the configuration with an overlay over it, nothing of it on disk.
func (c *Config) With(o Overlay) Config {
	all := *c
	all.Tills = append([]Till(nil), c.Tills...)
	all.lay(o)
	return all
}

// addOverlay lays what the cabinet's people want over the configuration. Settings
// that cannot be used must not keep a shop from selling: then those before them
// hold, or none, and Config.Spoilt says why.
func (c *Config) addOverlay() {
	var spoilt []error
	for _, path := range []string{c.OverlayPath(), c.OverlayPath() + overlayBefore} {
		o, err := readOverlay(path)
		if errors.Is(err, fs.ErrNotExist) && len(spoilt) == 0 {
			return // nobody ever wished anything
		}
		if err == nil {
			all := c.With(o)
			if err = all.check(); err == nil {
				*c = all
				break
			}
		}
		spoilt = append(spoilt, fmt.Errorf("%s: %w", path, err))
	}
	c.Spoilt = errors.Join(spoilt...)
}

func readOverlay(path string) (Overlay, error) {
	var o Overlay
	text, err := os.ReadFile(path)
	if err != nil {
		return o, err
	}
	md, err := toml.Decode(string(text), &o)
	if err != nil {
		return o, err
	}
	if unknown := md.Undecoded(); len(unknown) > 0 {
		return o, fmt.Errorf("неизвестный ключ %s", unknown[0])
	}
	for _, w := range o.Tills {
		w.RushHours = o.RushHours
		if err := w.Check(); err != nil {
			return o, fmt.Errorf("касса %q: %w", w.Till, err)
		}
	}
	return o, nil
}

// lay puts an overlay over the tills of a copy. Wishes of tills that are no more
// wait for them.
func (c *Config) lay(o Overlay) {
	c.Wished = o
	for i := range c.Tills {
		t := &c.Tills[i]
		w := o.Of(t.Name)
		for _, v := range []struct {
			into *string
			from string
		}{{&t.Title, w.Title}, {&t.OFD, w.OFD}, {&t.FinishPrint, w.FinishPrint}} {
			if v.from != "" {
				*v.into = v.from
			}
		}
	}
	if o.RushHours != "" {
		c.Update.RushHours = rushHours(o.RushHours)
	}
}

// Holding is what holds of a till: the wish where there is one, the rest as the
// configuration has it.
func (c *Config) Holding(t Till) Wish {
	w := c.Wished.Of(t.Name)
	w.Title, w.OFD, w.FinishPrint = t.Title, t.Delivery(), t.FinishPrint
	if w.RushHours = strings.Join(c.Update.RushHours, ","); w.RushHours == "" {
		w.RushHours = NoRushHours
	}
	return w
}
