package shtrih

import (
	"bufio"
	"bytes"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strconv"
	"strings"
	"testing"

	"github.com/chekan-io/chekan/protocol/fiscal"
)

// A vector is one line of bytes in testdata with its fields.
type vector struct {
	at       string // file:line
	link     string
	toDevice bool
	wire     []byte
	req      Code // whose answer it is
	packet   Packet
	value    any // nil when the packet has no data
}

// message is what the link carried; taken from the bytes by the dullest
// possible means, so that the readers are not tested with themselves.
func (v vector) message() []byte {
	switch v.link {
	case "standard":
		return v.wire[2 : len(v.wire)-1]
	case "alternative":
		plain := bytes.ReplaceAll(v.wire[1:], []byte{0x9F, 0x81}, []byte{0x8F})
		plain = bytes.ReplaceAll(plain, []byte{0x9F, 0x83}, []byte{0x9F})
		if len(plain) <= 6 {
			return nil
		}
		return plain[4 : len(plain)-2]
	}
	return v.wire
}

func readVectors(t testing.TB) []vector {
	t.Helper()
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatalf("no vectors: %v", err)
	}
	var all []vector
	for _, name := range files {
		all = append(all, readVectorFile(t, name)...)
	}
	return all
}

func readVectorFile(t testing.TB, name string) []vector {
	t.Helper()
	f, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()

	var vectors []vector
	var link string
	var req Code
	var pending *vector
	lines := bufio.NewScanner(f)
	for n := 1; lines.Scan(); n++ {
		line := strings.TrimSpace(lines.Text())
		at := fmt.Sprintf("%s:%d", filepath.Base(name), n)
		word, rest, _ := strings.Cut(line, " ")
		switch {
		case line == "" || line[0] == '#':
		case word == "link":
			link = rest
		case word == "for":
			req = Code(number(t, at, rest))
		case word == ">" || word == "<":
			pending = &vector{at: at, link: link, toDevice: word == ">", wire: parseBytes(t, at, rest), req: req}
		case pending == nil:
			t.Fatalf("%s: fields without bytes", at)
		default:
			v := *pending
			pending = nil
			fields(t, &v, line)
			if v.toDevice && v.value != nil {
				req = codeOf(v.message())
			}
			v.req = req
			vectors = append(vectors, v)
		}
	}
	if err := lines.Err(); err != nil {
		t.Fatal(err)
	}
	return vectors
}

// parseBytes reads hex bytes; 00*40 is forty zeros.
func parseBytes(t testing.TB, at, s string) []byte {
	t.Helper()
	var b []byte
	for _, word := range strings.Fields(s) {
		digits, times, repeated := strings.Cut(word, "*")
		n := 1
		if repeated {
			n, _ = strconv.Atoi(times)
			digits = fmt.Sprintf("%02s", digits)
		}
		one, err := hex.DecodeString(digits)
		if err != nil || len(one) != 1 || n < 1 {
			t.Fatalf("%s: %q is no byte", at, word)
		}
		b = append(b, bytes.Repeat(one, n)...)
	}
	return b
}

// fields reads the line under the bytes.
func fields(t testing.TB, v *vector, line string) {
	t.Helper()
	if v.link == "alternative" {
		if line == "sync" {
			v.packet.Sync = true
			return
		}
		if n, ok := strings.CutPrefix(line, "number "); ok {
			v.packet.Number = uint16(number(t, v.at, n))
			return
		}
		n, rest, ok := strings.Cut(line, ": ")
		if !ok {
			t.Fatalf("%s: no packet number", v.at)
		}
		v.packet.Number = uint16(number(t, v.at, n))
		line = rest
	}
	name, rest, _ := strings.Cut(line, " ")
	typ, ok := structs()[name]
	if !ok {
		t.Fatalf("%s: no struct %s", v.at, name)
	}
	value := reflect.New(typ).Elem()
	for rest = strings.TrimSpace(rest); rest != ""; rest = strings.TrimSpace(rest) {
		var field, text string
		field, rest, _ = strings.Cut(rest, "=")
		text, rest = token(t, v.at, rest)
		setField(t, v.at, value, field, text)
	}
	v.value = value.Interface()
}

// structs finds the structs of this package by name.
func structs() map[string]reflect.Type {
	byName := map[string]reflect.Type{"DeviceError": reflect.TypeFor[DeviceError]()}
	for _, table := range []map[Code]shape{requests, answers} {
		for code, s := range table {
			typ := reflect.TypeOf(s.decode(&cursor{}, code))
			byName[typ.Name()] = typ
		}
	}
	return byName
}

func token(t testing.TB, at, s string) (tok, rest string) {
	t.Helper()
	closing := map[byte]string{'[': "]", '{': "}"}
	switch {
	case s == "":
		t.Fatalf("%s: no value", at)
	case s[0] == '"':
		q, err := strconv.QuotedPrefix(s)
		if err != nil {
			t.Fatalf("%s: %v", at, err)
		}
		return q, s[len(q):]
	case closing[s[0]] != "":
		i := strings.Index(s, closing[s[0]])
		if i < 0 {
			t.Fatalf("%s: %q is not closed", at, s)
		}
		return s[:i+1], s[i+1:]
	}
	tok, rest, _ = strings.Cut(s, " ")
	return tok, rest
}

func setField(t testing.TB, at string, v reflect.Value, path, text string) {
	t.Helper()
	for name := range strings.SplitSeq(path, ".") {
		if v.Kind() == reflect.Pointer {
			if v.IsNil() {
				v.Set(reflect.New(v.Type().Elem()))
			}
			v = v.Elem()
		}
		if v = v.FieldByName(name); !v.IsValid() {
			t.Fatalf("%s: no field %s", at, path)
		}
	}
	if v.Kind() == reflect.Pointer {
		v.Set(reflect.New(v.Type().Elem()))
		v = v.Elem()
	}
	set(t, at, v, text)
}

func set(t testing.TB, at string, v reflect.Value, text string) {
	t.Helper()
	switch {
	case v.Type() == reflect.TypeFor[fiscal.DateTime]():
		var d fiscal.DateTime
		into := []*int{&d.Year, &d.Month, &d.Day, &d.Hour, &d.Minute, &d.Second}
		words := strings.FieldsFunc(text, func(r rune) bool { return strings.ContainsRune("-T:", r) })
		for i, w := range words {
			n, err := strconv.Atoi(w)
			if err != nil {
				t.Fatalf("%s: %q is no time", at, text)
			}
			*into[i] = n
		}
		v.Set(reflect.ValueOf(d))
	case v.Kind() == reflect.Slice:
		v.SetBytes(parseBytes(t, at, strings.Trim(text, "{}")))
	case v.Kind() == reflect.Array:
		for i, w := range strings.Fields(strings.Trim(text, "[]")) {
			set(t, at, v.Index(i), w)
		}
	case v.Kind() == reflect.String:
		s, err := strconv.Unquote(text)
		if err != nil {
			t.Fatalf("%s: %q: %v", at, text, err)
		}
		v.SetString(s)
	case v.Kind() == reflect.Bool:
		v.SetBool(text == "true")
	case v.CanInt():
		v.SetInt(int64(number(t, at, text)))
	default:
		v.SetUint(number(t, at, text))
	}
}

// number reads 12, -1 and FF45h.
func number(t testing.TB, at, text string) uint64 {
	t.Helper()
	if digits, ok := strings.CutSuffix(text, "h"); ok {
		n, err := strconv.ParseUint(digits, 16, 64)
		if err != nil {
			t.Fatalf("%s: %v", at, err)
		}
		return n
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		t.Fatalf("%s: %v", at, err)
	}
	return uint64(n)
}
