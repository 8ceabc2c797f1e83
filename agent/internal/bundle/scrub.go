package bundle

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"

	fiscalv1 "github.com/chekan-io/chekan/proto/gen/fiscal/v1"
)

// hidden stands for what was cut out of a text.
const hidden = "•"

// scrubber cuts sums, names and addresses out of texts for people: what looks
// like one, and everything the journal knows to be one.
type scrubber struct {
	words map[string]bool // names of goods and cashiers, buyers, INN
	sums  map[string]bool // kopecks, as a number
	known *strings.Replacer
}

var (
	rubles = regexp.MustCompile(`\d[\d \x{a0}]*[.,]\d{2}\b`)
	number = regexp.MustCompile(`\d{3,}`)
	phone  = regexp.MustCompile(`(?:\+7|\b[78])[\s(-]*\d{3}[\s)-]*\d{3}[\s-]*\d{2}[\s-]*\d{2}\b`)
	email  = regexp.MustCompile(`[\p{L}\p{N}._%+-]+@[\p{L}\p{N}.-]+\.\p{L}{2,}`)
)

func newScrubber() *scrubber { return &scrubber{words: map[string]bool{}, sums: map[string]bool{}} }

// learn remembers what must not be seen of an operation.
func (s *scrubber) learn(op *fiscalv1.Operation) {
	word := func(texts ...string) {
		for _, text := range texts {
			if len([]rune(text)) > 1 {
				s.words[text] = true
			}
		}
	}
	sum := func(sums ...int64) {
		for _, m := range sums {
			if m >= 100 {
				s.sums[fmt.Sprint(m)] = true
				s.sums[fmt.Sprint(m/100)] = m%100 == 0 && m >= 10_000
			}
		}
	}
	r, p := op.GetReceipt(), op.GetReceipt().GetPayments()
	word(op.GetCashier().GetName(), op.GetCashier().GetInn(), r.GetCustomer(), r.GetCorrection().GetReason(), r.GetCorrection().GetNumber())
	word(r.GetText()...)
	sum(op.GetAmount(), op.GetChange(), op.GetDocument().GetTotal(), p.GetCash(), p.GetElectronic(), p.GetPrepaid(), p.GetCredit(), p.GetBarter())
	for _, i := range r.GetItems() {
		word(i.GetName())
		sum(i.GetPrice(), i.GetSum())
	}
	s.known = nil
}

// text scrubs a text for people.
func (s *scrubber) text(text string) string {
	if text == "" {
		return ""
	}
	if s.known == nil {
		// The longest first: a name may contain another.
		words := make([]string, 0, len(s.words))
		for w := range s.words {
			words = append(words, w)
		}
		slices.SortFunc(words, func(a, b string) int { return len(b) - len(a) })
		var pairs []string
		for _, w := range words {
			pairs = append(pairs, w, hidden)
		}
		s.known = strings.NewReplacer(pairs...)
	}
	text = s.known.Replace(text)
	text = email.ReplaceAllString(text, hidden)
	text = phone.ReplaceAllString(text, hidden)
	text = hideRoubles(text)
	return number.ReplaceAllStringFunc(text, func(n string) string {
		if s.sums[n] {
			return hidden
		}
		return n
	})
}

// hideRoubles hides what is written as money and is no part of a version, a
// date or an address.
func hideRoubles(text string) string {
	var out strings.Builder
	last := 0
	for _, at := range rubles.FindAllStringIndex(text, -1) {
		before, after := text[:at[0]], text[at[1]:]
		if strings.HasSuffix(before, ".") || len(after) > 1 && after[0] == '.' && after[1] >= '0' && after[1] <= '9' {
			continue
		}
		out.WriteString(text[last:at[0]] + hidden)
		last = at[1]
	}
	return out.String() + text[last:]
}

// line scrubs a line of the log. The time, the level and numbers that count
// something stay; a line that is not JSON is not a line of ours and is empty.
func (s *scrubber) line(line []byte) []byte {
	d := json.NewDecoder(bytes.NewReader(line))
	d.UseNumber()
	var fields map[string]any
	if d.Decode(&fields) != nil {
		return nil
	}
	for name, value := range fields {
		if name != "time" && name != "level" {
			fields[name] = s.value(name, value)
		}
	}
	out, err := json.Marshal(fields)
	if err != nil {
		return nil
	}
	return out
}

// counts are numbers of the log that are no money even when they look so.
var counts = map[string]bool{"fd": true, "bytes": true, "line": true, "tills": true, "attempt": true, "pid": true}

func (s *scrubber) value(name string, value any) any {
	switch v := value.(type) {
	case string:
		return s.text(v)
	case json.Number:
		if s.sums[v.String()] && !counts[name] {
			return hidden
		}
	case map[string]any:
		for k, inner := range v {
			v[k] = s.value(k, inner)
		}
	case []any:
		for i, inner := range v {
			v[i] = s.value(name, inner)
		}
	}
	return value
}

// log copies the lines of a log, scrubbed, and counts those it left out.
func (s *scrubber) log(w io.Writer, r io.Reader) (left int, err error) {
	in := bufio.NewScanner(r)
	in.Buffer(nil, 1<<20)
	for in.Scan() {
		line := s.line(in.Bytes())
		if line == nil {
			left++
			continue
		}
		if _, err := w.Write(append(line, '\n')); err != nil {
			return left, err
		}
	}
	return left, in.Err()
}
