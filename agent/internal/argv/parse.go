package argv

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Options are what a program says of itself.
type Options struct {
	// Name and About begin the help.
	Name, About string
	// Version is what --version prints.
	Version string
	// Vars stand for ${name} in defaults.
	Vars map[string]string
}

// Parser reads the command lines of one program.
type Parser struct {
	root *node
	opts Options
}

// New makes a parser that fills commands, a pointer to a struct.
func New(commands any, opts Options) (*Parser, error) {
	p := &Parser{root: &node{target: reflect.ValueOf(commands).Elem()}, opts: opts}
	if err := p.root.build(opts.Vars); err != nil {
		return nil, fmt.Errorf("read the commands: %w", err)
	}
	return p, nil
}

// Chosen is the command that was typed.
type Chosen struct {
	// Name is its last word.
	Name string
	// Command points to its struct, filled; nil when Text is the whole answer.
	Command any
	// Text is the help or the version, when that was asked for.
	Text string
}

// Parse reads one command line. Its error is a sentence for the person who
// typed it.
func (p *Parser) Parse(args []string) (*Chosen, error) {
	r := &reading{parser: p, at: p.root, rest: args}
	if err := r.presets(p.root); err != nil {
		return nil, err
	}
	for len(r.rest) > 0 {
		arg := r.rest[0]
		r.rest = r.rest[1:]
		if err := r.take(arg); err != nil {
			return nil, err
		}
		if r.text != "" {
			return &Chosen{Text: r.text}, nil
		}
	}
	for len(r.at.commands) > 0 {
		if r.at.fallback == nil {
			return nil, errors.New("нужно одно из: " + quoted(r.at))
		}
		if err := r.enter(r.at.fallback); err != nil {
			return nil, err
		}
	}
	if err := r.complete(); err != nil {
		return nil, err
	}
	return &Chosen{Name: r.at.name, Command: r.at.target.Addr().Interface()}, nil
}

// reading is a command line half read.
type reading struct {
	parser *Parser
	at     *node
	words  int  // taken of at's
	plain  bool // after "--" nothing is a flag
	rest   []string
	text   string
}

// presets sets what the flags of a command are when nobody names them.
func (r *reading) presets(n *node) error {
	for _, v := range slices.Concat(n.flags, n.words) {
		text, has := v.preset, v.hasPreset
		if v.env != "" && os.Getenv(v.env) != "" {
			text, has, v.given = os.Getenv(v.env), true, true
		}
		if has {
			if err := v.set(text); err != nil {
				return err
			}
		}
	}
	return nil
}

func (r *reading) enter(n *node) error {
	r.at, r.words = n, 0
	return r.presets(n)
}

func (r *reading) take(arg string) error {
	switch {
	case !r.plain && arg == "--":
		r.plain = true
		return nil
	case !r.plain && len(arg) > 1 && arg[0] == '-':
		return r.flag(arg)
	}
	for {
		for _, c := range r.at.commands {
			if c.name == arg {
				return r.enter(c)
			}
		}
		if r.at.fallback == nil {
			break
		}
		if err := r.enter(r.at.fallback); err != nil {
			return err
		}
	}
	if r.words < len(r.at.words) {
		w := r.at.words[r.words]
		if w.target.Kind() != reflect.Slice {
			r.words++
		}
		w.given = true
		return w.set(arg)
	}
	var names []string
	for _, c := range r.at.commands {
		names = append(names, c.name)
	}
	return fmt.Errorf("лишнее слово %s%s", arg, perhaps(arg, names))
}

func (r *reading) flag(arg string) error {
	name, text, has := strings.Cut(arg, "=")
	switch name {
	case "--help", "-h":
		r.text = r.parser.help(r.at)
		return nil
	case "--version":
		r.text = r.parser.opts.Version + "\n"
		return nil
	}
	v, known := r.find(name)
	// A command that is taken when none is named has its flags too.
	for v == nil && r.at.fallback != nil {
		if err := r.enter(r.at.fallback); err != nil {
			return err
		}
		v, known = r.find(name)
	}
	if v == nil {
		return fmt.Errorf("неизвестный ключ %s%s", name, perhaps(name, known))
	}
	v.given = true
	if _, isBool := v.target.Interface().(bool); isBool {
		if !has {
			text = "true"
		}
		return v.set(text)
	}
	if !has {
		if len(r.rest) == 0 {
			return fmt.Errorf("нет значения: %s", v.usage())
		}
		text, r.rest = r.rest[0], r.rest[1:]
	}
	return v.set(text)
}

// find looks for a flag among those of the command and of the ones around it.
func (r *reading) find(name string) (*value, []string) {
	var known []string
	for n := r.at; n != nil; n = n.parent {
		for _, v := range n.flags {
			if name == "--"+v.name || v.short != "" && name == "-"+v.short {
				return v, nil
			}
			if !v.hidden {
				known = append(known, "--"+v.name)
			}
		}
	}
	return nil, known
}

// complete checks that nothing is missing and nothing excludes another.
func (r *reading) complete() error {
	for _, w := range r.at.words {
		if w.required && !w.given {
			return fmt.Errorf("нужно: <%s>", w.name)
		}
	}
	var missing []string
	for n := r.at; n != nil; n = n.parent {
		one := map[string][]*value{}
		var order []string
		for _, v := range n.flags {
			key := v.xor
			if key == "" {
				key = "--" + v.name
			}
			if one[key] == nil {
				order = append(order, key)
			}
			one[key] = append(one[key], v)
		}
		for _, key := range order {
			var given, all []string
			for _, v := range one[key] {
				all = append(all, "--"+v.name)
				if v.given {
					given = append(given, "--"+v.name)
				}
			}
			if len(given) > 1 {
				return fmt.Errorf("вместе не бывает: %s", strings.Join(given, " и "))
			}
			if len(given) == 0 && one[key][0].required {
				missing = append(missing, strings.Join(all, " или "))
			}
		}
	}
	if len(missing) > 0 {
		return fmt.Errorf("не указано: %s", strings.Join(missing, ", "))
	}
	return nil
}

// set reads text into the field.
func (v *value) set(text string) error {
	bad := func(kind string) error {
		return fmt.Errorf("%s: нужно %s, пришло %q", v.usage(), kind, text)
	}
	switch v.kind {
	case "path", "existingfile":
		if text == "" || text == "-" {
			break
		}
		if home, err := os.UserHomeDir(); err == nil && strings.HasPrefix(text, "~/") {
			text = filepath.Join(home, text[2:])
		}
		path, err := filepath.Abs(text)
		if err != nil {
			return fmt.Errorf("%s: %w", v.usage(), err)
		}
		text = path
		if st, err := os.Stat(path); v.kind == "existingfile" && (err != nil || st.IsDir()) {
			return fmt.Errorf("%s: нет такого файла: %s", v.usage(), text)
		}
	}
	switch t := v.target.Addr().Interface().(type) {
	case *string:
		*t = text
	case *bool:
		b, err := strconv.ParseBool(text)
		if err != nil {
			return bad("true или false")
		}
		*t = b
	case *time.Duration:
		d, err := time.ParseDuration(text)
		if err != nil {
			return bad("время вида 30s, 5m или 2h")
		}
		*t = d
	case *[]string:
		if v.whole {
			*t = append(*t, text)
		} else {
			*t = append(*t, strings.Split(text, ",")...)
		}
	case *int, *int64:
		n, err := strconv.ParseInt(text, 10, v.target.Type().Bits())
		if err != nil {
			return bad("целое число")
		}
		v.target.SetInt(n)
	case *uint32, *uint64:
		n, err := strconv.ParseUint(text, 10, v.target.Type().Bits())
		if err != nil {
			return bad("целое число")
		}
		v.target.SetUint(n)
	}
	return nil
}

// perhaps offers names like what was typed.
func perhaps(typed string, names []string) string {
	var like []string
	for _, n := range names {
		if distance(typed, n) <= 2 || len(typed) > 3 && strings.HasPrefix(n, typed) {
			like = append(like, strconv.Quote(n))
		}
	}
	if len(like) == 0 {
		return ""
	}
	return ", может быть, " + strings.Join(like, ", ")
}

func quoted(n *node) string {
	var names []string
	for _, c := range n.commands {
		if !c.hidden {
			names = append(names, strconv.Quote(c.name))
		}
	}
	return strings.Join(names, ", ")
}

// distance is how many letters have to change (Levenshtein).
func distance(a, b string) int {
	from, to := []rune(a), []rune(b)
	row := make([]int, len(to)+1)
	for j := range row {
		row[j] = j
	}
	for i := range from {
		corner := row[0]
		row[0] = i + 1
		for j := range to {
			above := row[j+1]
			cost := corner
			if from[i] != to[j] {
				cost++
			}
			row[j+1] = min(cost, above+1, row[j]+1)
			corner = above
		}
	}
	return row[len(to)]
}
