package config

import (
	"errors"
	"fmt"
	"os"
	"sort"
	"strings"

	"github.com/BurntSushi/toml"
)

// decode reads text strictly into c.
func decode(text string, c *Config) error {
	md, err := toml.Decode(text, c)
	var pe toml.ParseError
	if errors.As(err, &pe) {
		if pe.LastKey != "" {
			return fmt.Errorf("строка %d, ключ %s: %s", pe.Position.Line, pe.LastKey, pe.Message)
		}
		return fmt.Errorf("строка %d: %s", pe.Position.Line, pe.Message)
	}
	if err != nil {
		return fmt.Errorf("файл настроек: %w", err)
	}
	unknown := md.Undecoded()
	if len(unknown) == 0 {
		return nil
	}
	// An unknown table brings its keys along: naming the table is enough.
	var complaints []string
	seen := map[string]bool{}
	for _, k := range unknown {
		if len(k) > 1 && seen[k[:len(k)-1].String()] {
			seen[k.String()] = true
			continue
		}
		if name := k.String(); !seen[name] {
			seen[name] = true
			complaints = append(complaints, complain(text, k))
		}
	}
	return errors.New(strings.Join(complaints, "; "))
}

func complain(text string, k toml.Key) string {
	where := ""
	if lines := linesOf(text, k); len(lines) == 1 {
		where = fmt.Sprintf("строка %d: ", lines[0])
	} else if len(lines) > 1 {
		where = fmt.Sprintf("строки %s: ", strings.Trim(strings.Join(strings.Fields(fmt.Sprint(lines)), ", "), "[]"))
	}
	known := keysOf(k)
	if near := nearest(k[len(k)-1], known); near != "" {
		return fmt.Sprintf("%sнеизвестный ключ %s; возможно, имелся в виду %s", where, k, near)
	}
	return fmt.Sprintf("%sнеизвестный ключ %s; известны: %s", where, k, strings.Join(known, ", "))
}

var (
	topKeys       = []string{"cloud", "data", "discovery", "listen", "listen_remote", "log_level", "metrics", "origins", "require_preflight", "till", "update"}
	updateKeys    = []string{"channel", "root", "rush_hours"}
	discoveryKeys = []string{"exclude", "networks"}
	tillKeys      = []string{"cashier_password", "driver", "exclude", "finish_print", "link", "marks", "name", "ofd", "password", "printer", "profile", "serial", "wire"}
)

func keysOf(k toml.Key) []string {
	if len(k) > 1 {
		switch k[0] {
		case "till":
			return tillKeys
		case "update":
			return updateKeys
		case "discovery":
			return discoveryKeys
		}
	}
	return topKeys
}

// linesOf finds the lines where key k is given. The parser does not keep them
// for keys it had no place for, and this file needs no more than tables and
// plain keys.
func linesOf(text string, k toml.Key) []int {
	var found []int
	table := ""
	want := k.String()
	for i, line := range strings.Split(text, "\n") {
		line = strings.TrimSpace(line)
		if strings.HasPrefix(line, "[") {
			table = strings.TrimSpace(strings.Trim(strings.SplitN(line, "#", 2)[0], "[] \t"))
			if table == want {
				found = append(found, i+1)
			}
			continue
		}
		name, _, isKey := strings.Cut(line, "=")
		if !isKey || strings.HasPrefix(line, "#") {
			continue
		}
		name = strings.Trim(strings.TrimSpace(name), `"'`)
		if table != "" {
			name = table + "." + name
		}
		if name == want {
			found = append(found, i+1)
		}
	}
	return found
}

// nearest finds the known key close enough to be a typing mistake; "" when none is.
func nearest(got string, known []string) string {
	type candidate struct {
		key  string
		away int
	}
	var near []candidate
	for _, k := range known {
		if d := distance(got, k); d <= 2 && 3*d <= len(k) {
			near = append(near, candidate{k, d})
		}
	}
	if len(near) == 0 {
		return ""
	}
	sort.SliceStable(near, func(i, j int) bool { return near[i].away < near[j].away })
	return near[0].key
}

// distance counts insertions, deletions and replacements between two words.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := 1; i <= len(a); i++ {
		diagonal := row[0]
		row[0] = i
		for j := 1; j <= len(b); j++ {
			replace := diagonal
			if a[i-1] != b[j-1] {
				replace++
			}
			diagonal = row[j]
			row[j] = min(replace, row[j]+1, row[j-1]+1)
		}
	}
	return row[len(b)]
}

// DataOf gives the data folder that the file at path names, and nothing else of
// it: whoever starts a later version must not stumble over keys that only the
// later version knows. Empty when the file cannot be read.
func DataOf(path string) string {
	text, err := os.ReadFile(path)
	if err != nil {
		return ""
	}
	c := struct {
		Data string `toml:"data"`
	}{DefaultData()}
	if _, err := toml.Decode(string(text), &c); err != nil {
		return ""
	}
	return c.Data
}
