package bundle

import (
	"bufio"
	"encoding/hex"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/chekan-io/chekan/agent/internal/blackbox"
)

const wallClock = "2006-01-02T15:04:05.000000Z07:00"

// writeTranscript writes records a line each: wall time, seconds since the
// program started, direction, bytes or text.
func writeTranscript(w io.Writer, records []blackbox.Record) error {
	out := bufio.NewWriter(w)
	for _, r := range records {
		what := strings.ReplaceAll(string(r.Bytes), "\n", " ")
		if r.Dir != blackbox.Note {
			what = fmt.Sprintf("% X", r.Bytes)
		}
		if _, err := fmt.Fprintf(out, "%s %d.%06d %s %s\n", r.At.Format(wallClock), r.Mono/time.Second, r.Mono%time.Second/time.Microsecond, r.Dir, what); err != nil {
			return err
		}
	}
	return out.Flush()
}

// readTranscript reads what writeTranscript has written.
func readTranscript(r io.Reader) ([]blackbox.Record, error) {
	var out []blackbox.Record
	in := bufio.NewScanner(r)
	in.Buffer(nil, 1<<20)
	for n := 1; in.Scan(); n++ {
		fields := strings.SplitN(in.Text(), " ", 4)
		if len(fields) < 4 {
			return nil, fmt.Errorf("line %d: want time, seconds, direction and bytes", n)
		}
		rec := blackbox.Record{Seq: uint64(n)}
		var err error
		if rec.At, err = time.Parse(wallClock, fields[0]); err != nil {
			return nil, fmt.Errorf("line %d: %w", n, err)
		}
		seconds, micros, _ := strings.Cut(fields[1], ".")
		for _, part := range []struct {
			text string
			unit time.Duration
		}{{seconds, time.Second}, {micros, time.Microsecond}} {
			v, err := strconv.ParseInt(part.text, 10, 64)
			if err != nil {
				return nil, fmt.Errorf("line %d: %w", n, err)
			}
			rec.Mono += time.Duration(v) * part.unit
		}
		switch fields[2] {
		case ">":
			rec.Dir = blackbox.Out
		case "<":
			rec.Dir = blackbox.In
		case "#":
			rec.Dir = blackbox.Note
		default:
			return nil, fmt.Errorf("line %d: direction %q", n, fields[2])
		}
		rec.Bytes = []byte(fields[3])
		if rec.Dir != blackbox.Note {
			if rec.Bytes, err = hex.DecodeString(strings.ReplaceAll(fields[3], " ", "")); err != nil {
				return nil, fmt.Errorf("line %d: %w", n, err)
			}
		}
		out = append(out, rec)
	}
	return out, in.Err()
}

// event is a note of package till: a word, name=value pairs, and after ": "
// something for people.
type event struct {
	name   string
	values map[string]string
	line   string // without what is for people
	people string
}

// scrubbed is the text of the event for a bundle. Its values are no sums.
func (e event) scrubbed(s *scrubber) string {
	line := e.line
	if key, ok := e.values["key"]; ok {
		line = strings.Replace(line, fmt.Sprintf("key=%q", key), fmt.Sprintf("key=%q", s.text(key)), 1)
	}
	if e.people != "" {
		line += ": " + s.text(e.people)
	}
	return line
}

var pair = regexp.MustCompile(`(\w+)=("(?:[^"\\]|\\.)*"|[^\s":]+)`)

// events are the first words of the notes that package till makes.
var events = map[string]bool{
	"begin": true, "resume": true, "answer": true, "error": true, "settle": true, "end": true, "unwritten": true, "device": true,
}

func parseEvent(text string) (event, bool) {
	name, _, _ := strings.Cut(text, " ")
	if !events[name] {
		return event{}, false
	}
	e := event{name: name, values: map[string]string{}, line: name}
	rest := text
	for {
		at := pair.FindStringSubmatchIndex(rest)
		if at == nil || strings.Contains(rest[:at[0]], ": ") {
			_, e.people, _ = strings.Cut(rest, ": ")
			return e, true
		}
		value := rest[at[4]:at[5]]
		e.line += " " + rest[at[0]:at[1]]
		if plain, err := strconv.Unquote(value); err == nil {
			value = plain
		}
		e.values[rest[at[2]:at[3]]] = value
		rest = rest[at[1]:]
	}
}
