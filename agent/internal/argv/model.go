// Package argv reads a command line into a struct of commands, the way
// github.com/alecthomas/kong does and with the same tags, and speaks Russian.
//
// It is here for the size of the agent. Kong calls methods by names it makes at
// run time, so the linker must keep every exported method of every type of the
// whole program, and the agent is a quarter bigger. Here the caller asks the
// chosen command for the interface it wants.
//
// # Tags
//
//	cmd          the field is a command; its struct holds flags, words, commands
//	arg          the field is a word after the command's name
//	help         what it is
//	name         instead of the field's name: XReport is x-report
//	default      value of a flag; of a command: taken when none is named
//	optional     a word that may be left out
//	required     a flag that may not
//	xor          of the flags with the same one, one may be given; with
//	             required on each, one must
//	short        one letter for a flag
//	placeholder  what help shows for the value
//	env          variable of the environment that a flag falls back to
//	type         path: made absolute; existingfile: and has to be there
//	sep          none: commas do not part the values of a list
//	group        heading in the help
//	hidden       not in the help
//
// A struct with another tag or another type of field is refused by [New], so
// that a tag nobody reads is found by the first test.
package argv

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"time"
	"unicode"
)

// node is a command; the root is the program.
type node struct {
	name, help, group string
	hidden            bool
	target            reflect.Value // the struct
	parent            *node
	flags, words      []*value
	commands          []*node
	fallback          *node // taken when no command is named
}

// value is a flag or a word.
type value struct {
	name, help, placeholder, env, preset, xor, kind string
	short                                           string
	required, hidden, whole, hasPreset, given       bool
	target                                          reflect.Value
}

var (
	commandTags = []string{"cmd", "help", "name", "default", "group", "hidden"}
	valueTags   = []string{"arg", "help", "name", "default", "optional", "required", "xor", "short", "placeholder", "env", "type", "sep", "hidden"}
)

// tags reads "a:"x" b:"y"" and checks the names.
func tags(f reflect.StructField, known []string) error {
	rest := string(f.Tag)
	for rest = strings.TrimSpace(rest); rest != ""; rest = strings.TrimSpace(rest) {
		name, after, ok := strings.Cut(rest, `:"`)
		if !ok || !slices.Contains(known, name) {
			return fmt.Errorf("%s: there is no tag %q", f.Name, name)
		}
		end := 0
		for end < len(after) && after[end] != '"' {
			if after[end] == '\\' {
				end++
			}
			end++
		}
		rest = after[min(end+1, len(after)):]
	}
	return nil
}

// build reads the fields of n's struct.
func (n *node) build(vars map[string]string) error {
	t := n.target.Type()
	for i := range t.NumField() {
		f, v := t.Field(i), n.target.Field(i)
		if f.Anonymous {
			inner := &node{target: v}
			if err := inner.build(vars); err != nil {
				return err
			}
			n.flags, n.words = append(n.flags, inner.flags...), append(n.words, inner.words...)
			continue
		}
		if !f.IsExported() {
			return fmt.Errorf("%s is not exported", f.Name)
		}
		if _, isCommand := f.Tag.Lookup("cmd"); isCommand {
			if err := n.addCommand(f, v, vars); err != nil {
				return err
			}
			continue
		}
		if err := n.addValue(f, v, vars); err != nil {
			return err
		}
	}
	return nil
}

func (n *node) addCommand(f reflect.StructField, v reflect.Value, vars map[string]string) error {
	if err := tags(f, commandTags); err != nil {
		return err
	}
	c := &node{name: nameOf(f), help: f.Tag.Get("help"), group: f.Tag.Get("group"), target: v, parent: n}
	if c.group == "" {
		c.group = n.group
	}
	_, c.hidden = f.Tag.Lookup("hidden")
	if _, is := f.Tag.Lookup("default"); is {
		n.fallback = c
	}
	n.commands = append(n.commands, c)
	return c.build(vars)
}

func (n *node) addValue(f reflect.StructField, v reflect.Value, vars map[string]string) error {
	if err := tags(f, valueTags); err != nil {
		return err
	}
	a := &value{
		name: nameOf(f), help: f.Tag.Get("help"), placeholder: f.Tag.Get("placeholder"), env: f.Tag.Get("env"),
		xor: f.Tag.Get("xor"), kind: f.Tag.Get("type"), short: f.Tag.Get("short"), whole: f.Tag.Get("sep") == "none", target: v,
	}
	a.preset, a.hasPreset = f.Tag.Lookup("default")
	for name, text := range vars {
		a.preset = strings.ReplaceAll(a.preset, "${"+name+"}", text)
	}
	_, a.required = f.Tag.Lookup("required")
	_, a.hidden = f.Tag.Lookup("hidden")
	switch v.Interface().(type) {
	case string, bool, int, int64, uint32, uint64, time.Duration, []string:
	default:
		return fmt.Errorf("%s: no flag or word is a %s", f.Name, v.Type())
	}
	if _, isWord := f.Tag.Lookup("arg"); isWord {
		_, optional := f.Tag.Lookup("optional")
		a.required = !optional
		n.words = append(n.words, a)
		return nil
	}
	n.flags = append(n.flags, a)
	return nil
}

// nameOf is the name tag, or FinishPrint as finish-print and CashierINN as
// cashier-inn.
func nameOf(f reflect.StructField) string {
	if name := f.Tag.Get("name"); name != "" {
		return name
	}
	letters := []rune(f.Name)
	var b strings.Builder
	for i, r := range letters {
		begins := i > 0 && unicode.IsUpper(r) && (unicode.IsLower(letters[i-1]) || i+1 < len(letters) && unicode.IsLower(letters[i+1]))
		if begins {
			b.WriteByte('-')
		}
		b.WriteRune(unicode.ToLower(r))
	}
	return b.String()
}

// path is the command as it is typed, without the program's name.
func (n *node) path() string {
	if n.parent == nil {
		return ""
	}
	return strings.TrimSpace(n.parent.path() + " " + n.name)
}
