package argv

import (
	"reflect"
	"strconv"
	"strings"
	"unicode/utf8"
)

// width is that of a terminal in which nothing was changed.
const width = 80

// usage is a flag as it is typed, or a word.
func (v *value) usage() string {
	if v.short == "" && v.placeholder == "" && v.target.Kind() == reflect.Bool {
		return "--" + v.name
	}
	return "--" + v.name + "=" + v.shown()
}

// shown stands for the value of a flag.
func (v *value) shown() string {
	switch {
	case v.placeholder != "":
		return v.placeholder
	case v.hasPreset && v.target.Kind() == reflect.String:
		return strconv.Quote(v.preset)
	case v.hasPreset:
		return v.preset
	}
	return strings.ToUpper(v.name)
}

// help is the page about a command.
func (p *Parser) help(n *node) string {
	var b strings.Builder
	b.WriteString("Применение: " + p.opts.Name)
	if path := n.path(); path != "" {
		b.WriteString(" " + path)
	}
	if len(n.commands) > 0 {
		b.WriteString(" <команда>")
	}
	for _, w := range n.words {
		if w.required {
			b.WriteString(" <" + w.name + ">")
		} else {
			b.WriteString(" [<" + w.name + ">]")
		}
	}
	for _, f := range n.flags {
		if f.required && f.xor == "" {
			b.WriteString(" " + f.usage())
		}
	}
	b.WriteString(" [ключи]\n\n")
	about := n.help
	if n.parent == nil {
		about = p.opts.About
	}
	b.WriteString(strings.Join(wrap(about, width), "\n") + "\n")

	if len(n.words) > 0 {
		b.WriteString("\nЧто указать:\n")
		var rows [][2]string
		for _, w := range n.words {
			name := "<" + w.name + ">"
			if !w.required {
				name = "[" + name + "]"
			}
			rows = append(rows, [2]string{"  " + name, w.help})
		}
		table(&b, rows)
	}
	b.WriteString("\nКлючи:\n")
	common := [][2]string{{"  -h, --help", "Эта подсказка."}}
	common = append(common, flagRows(p.root)...)
	common = append(common, [2]string{"      --version", "Показать версию."})
	var own [][2]string
	for at := n; at.parent != nil; at = at.parent {
		own = append(flagRows(at), own...)
	}
	if len(own) > 0 {
		common = append(common, [2]string{})
		common = append(common, own...)
	}
	table(&b, common)
	commandHelp(&b, n)
	if len(n.commands) > 0 {
		b.WriteString("\nПодробнее о команде: " + p.opts.Name + " <команда> --help\n")
	}
	return b.String()
}

func flagRows(n *node) [][2]string {
	var rows [][2]string
	for _, f := range n.flags {
		if f.hidden {
			continue
		}
		left := "      "
		if f.short != "" {
			left = "  -" + f.short + ", "
		}
		help := f.help
		if f.env != "" {
			help = strings.TrimSuffix(help, ".") + " ($" + f.env + ")."
		}
		left += "--" + f.name
		if f.target.Kind() != reflect.Bool {
			left += "=" + f.shown()
		}
		rows = append(rows, [2]string{left, help})
	}
	return rows
}

// commandHelp lists every command below n that does something, by its heading.
func commandHelp(b *strings.Builder, n *node) {
	var groups []string
	rows := map[string][][2]string{}
	var walk func(n *node)
	walk = func(n *node) {
		for _, c := range n.commands {
			if c.hidden {
				continue
			}
			if len(c.commands) > 0 {
				walk(c)
				continue
			}
			if rows[c.group] == nil {
				groups = append(groups, c.group)
			}
			rows[c.group] = append(rows[c.group], [2]string{"  " + c.path(), c.help})
		}
	}
	walk(n)
	for _, g := range groups {
		heading := g
		if heading == "" {
			heading = "Команды:"
		}
		b.WriteString("\n" + heading + "\n")
		table(b, rows[g])
	}
}

// table writes two columns; a left one that is too wide has a line of its own.
func table(b *strings.Builder, rows [][2]string) {
	const most = 28
	column := 0
	for _, r := range rows {
		if n := utf8.RuneCountInString(r[0]); n <= most {
			column = max(column, n)
		}
	}
	column += 4
	for _, r := range rows {
		left := r[0]
		lines := wrap(r[1], width-column)
		if utf8.RuneCountInString(left) > column-2 {
			b.WriteString(left + "\n")
			left = ""
		}
		for _, line := range lines {
			b.WriteString(strings.TrimRight(left+strings.Repeat(" ", column-utf8.RuneCountInString(left))+line, " ") + "\n")
			left = ""
		}
	}
}

// wrap breaks text between words.
func wrap(text string, width int) []string {
	lines := []string{""}
	for _, word := range strings.Fields(text) {
		last := &lines[len(lines)-1]
		switch {
		case *last == "":
			*last = word
		case utf8.RuneCountInString(*last)+1+utf8.RuneCountInString(word) <= width:
			*last += " " + word
		default:
			lines = append(lines, word)
		}
	}
	return lines
}
