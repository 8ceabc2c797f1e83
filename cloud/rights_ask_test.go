package main

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
	"google.golang.org/protobuf/types/descriptorpb"
	"google.golang.org/protobuf/types/dynamicpb"

	"github.com/chekan-io/chekan/cloud/internal/access"
	"github.com/chekan-io/chekan/cloud/internal/store"
	cabinetv1 "github.com/chekan-io/chekan/proto/gen/cabinet/v1"
)

func planOf(outlet string) *cabinetv1.RolloutPlan {
	return &cabinetv1.RolloutPlan{OutletIds: []string{outlet}, Share: 100}
}

// method is a method of the cabinet with how it is asked.
type method struct {
	name string // FleetService/GetTill
	need access.Permission
	row  row
	desc protoreflect.MethodDescriptor
}

// cabinetMethods gives every method of package cabinet.v1; one without a line in asks fails the test.
func cabinetMethods(t *testing.T) (list []method) {
	t.Helper()
	seen := map[string]bool{}
	protoregistry.GlobalFiles.RangeFilesByPackage("cabinet.v1", func(file protoreflect.FileDescriptor) bool {
		for i := range file.Services().Len() {
			service := file.Services().Get(i)
			for j := range service.Methods().Len() {
				m := method{desc: service.Methods().Get(j)}
				m.name = fmt.Sprintf("%s/%s", service.Name(), m.desc.Name())
				seen[m.name] = true
				var known bool
				if m.row, known = asks[m.name]; !known {
					t.Errorf("%s has no line in asks (rights_asks_test.go): say how it is asked", m.name)
					continue
				}
				if m.need, known = access.Needs("/cabinet.v1." + m.name); !known {
					t.Errorf("%s is not in the table of rights", m.name)
					continue
				}
				list = append(list, m)
			}
		}
		return true
	})
	for name := range asks {
		if !seen[name] {
			t.Errorf("asks has %s, which there is not", name)
		}
	}
	slices.SortFunc(list, func(a, b method) int { return strings.Compare(a.name, b.name) })
	return list
}

// reads tells whether a method changes nothing, so that who may call it can be let.
func (m method) reads() bool {
	options, _ := m.desc.Options().(*descriptorpb.MethodOptions)
	name := string(m.desc.Name())
	return !m.row.changes && (options.GetIdempotencyLevel() == descriptorpb.MethodOptions_NO_SIDE_EFFECTS || m.desc.IsStreamingServer() ||
		slices.ContainsFunc([]string{"List", "Get", "Search", "Export", "Plan", "Try", "Verify", "Find"}, func(p string) bool { return strings.HasPrefix(name, p) }))
}

// narrows tells whether a list of documents is asked for by a node of the tree.
func (m method) narrows() bool {
	return m.row.how == listing && m.desc.Parent().Name() == "DocumentsService" && hasField(m.desc.Input(), "node_id")
}

func hasField(d protoreflect.MessageDescriptor, name protoreflect.Name) bool {
	for i := range d.Fields().Len() {
		if fd := d.Fields().Get(i); fd.Name() == name || fd.Kind() == protoreflect.MessageKind && !fd.IsMap() && hasField(fd.Message(), name) {
			return true
		}
	}
	return false
}

// filling is what a request is filled with.
type filling int

const (
	bare filling = iota
	byTill
	byOutlet
	// byNode and byDepartment ask by a node of the tree: the till, and what stands above it.
	byNode
	byDepartment
)

// request fills a request with what a spot has: fields are known by their names.
func (m method) request(s *spot, f filling) proto.Message {
	q := dynamicpb.NewMessage(m.desc.Input())
	if f != bare || m.row.how == thing {
		m.fill(q, s, f, 0)
	} else {
		m.period(q)
	}
	return q
}

// period fills what is asked for even without a filter.
func (m method) period(q protoreflect.Message) {
	fields := q.Descriptor().Fields()
	for i := range fields.Len() {
		switch fd := fields.Get(i); {
		case fd.Kind() == protoreflect.StringKind && !fd.IsList() && fd.Name() == "from":
			q.Set(fd, protoreflect.ValueOfString("2026-03-01"))
		case fd.Kind() == protoreflect.StringKind && !fd.IsList() && fd.Name() == "to":
			q.Set(fd, protoreflect.ValueOfString("2026-03-31"))
		case fd.Kind() == protoreflect.MessageKind && !fd.IsList() && !fd.IsMap() && strings.HasSuffix(string(fd.Message().Name()), "Request"): // a list whose file is asked for
			m.period(q.Mutable(fd).Message())
		}
	}
}

func (m method) fill(q protoreflect.Message, s *spot, f filling, depth int) {
	words := map[protoreflect.Name]string{
		"command_id": s.bundle, "agent_id": s.agent, "node_id": s.till, "parent_id": s.outlet, "outlet": s.outletName, "fn": s.fn,
		"from": "2026-03-01", "to": "2026-03-31", "till_id": s.till, "outlet_id": s.outlet, "version": "9.9.9", "text": "слово", "reason": "слово",
		"resolution": "слово", "name": "слово", "key": s.key, "metric": "silence", "today": "2026-03-04",
	}
	switch {
	case f == byTill:
		delete(words, "outlet_id")
	case f == byOutlet || m.row.how == listing:
		delete(words, "till_id")
	}
	switch {
	case f == byDepartment:
		words["node_id"] = s.department
		delete(words, "outlet_id")
	case f == byNode:
		delete(words, "outlet_id")
	case m.row.how == listing:
		delete(words, "node_id")
	}
	if m.row.how == listing { // a filter by place alone
		for _, name := range []protoreflect.Name{"text", "reason", "name", "key", "version", "outlet"} {
			delete(words, name)
		}
	}
	words["id"] = map[string]string{
		"till": s.till, "outlet": s.outlet, "command": s.command, "bundle": s.bundle, "ticket": s.ticket, "agent": s.agent, "rollout": s.rollout,
		"document": s.ticket, "shift": "", "": s.ticket,
	}[m.row.by]
	if m.row.id == "fresh" {
		words["id"] = store.NewID()
	}
	numbers := map[protoreflect.Name]uint32{"fd": s.fd, "number": s.shift, "share": 100, "days": 1}
	fields := q.Descriptor().Fields()
	for i := range fields.Len() {
		fd := fields.Get(i)
		word, isWord := words[fd.Name()]
		switch {
		case fd.IsMap():
		case fd.IsList() && fd.Kind() == protoreflect.StringKind:
			if id := map[protoreflect.Name]string{"till_ids": words["till_id"], "outlet_ids": words["outlet_id"]}[fd.Name()]; id != "" {
				q.Mutable(fd).List().Append(protoreflect.ValueOfString(id))
			}
		case fd.IsList() && fd.Kind() == protoreflect.MessageKind && fd.Name() == "receipts": // by their numbers alone
			own := q.Mutable(fd).List().AppendMutable().Message()
			m.fill(own, s, f, depth+1)
			own.Set(own.Descriptor().Fields().ByName("fd"), protoreflect.ValueOfUint32(s.fd))
			own.Clear(own.Descriptor().Fields().ByName("id"))
		case fd.IsList():
		case fd.Kind() == protoreflect.StringKind && isWord:
			q.Set(fd, protoreflect.ValueOfString(word))
		case fd.Kind() == protoreflect.Uint32Kind && numbers[fd.Name()] != 0 && (m.row.how == thing || fd.Name() == "share"):
			q.Set(fd, protoreflect.ValueOfUint32(numbers[fd.Name()]))
		case fd.Kind() == protoreflect.EnumKind && fd.Name() == "level":
			q.Set(fd, protoreflect.ValueOfEnum(cabinetv1.ThresholdLevel_THRESHOLD_LEVEL_TILL.Number()))
		case fd.Kind() == protoreflect.EnumKind && (m.row.how == thing || fd.Name() == "format"):
			q.Set(fd, protoreflect.ValueOfEnum(2)) // CSV, where it is a format
		case fd.Kind() == protoreflect.MessageKind && depth < 3:
			m.fill(q.Mutable(fd).Message(), s, f, depth+1)
		}
	}
}

// answer is what came back.
type answer struct {
	code, message string
	// text is everything a person could read in it, files opened.
	text string
}

// caller is somebody at the cabinet's door.
type caller struct {
	name   string
	client *http.Client
	header map[string]string
	// rights as the test knows them, resolved by nothing of the cabinet.
	rights []heldRight
	// home is the organisation they work in.
	home string
	key  bool
}

type heldRight struct {
	may          access.Set
	organisation string
	node         string
}

// can tells what the cabinet should: whether a permission is held at a place.
func (c *caller) can(need access.Permission, organisation string, path ...string) bool {
	return slices.ContainsFunc(c.rights, func(r heldRight) bool {
		return r.may[need] && r.organisation == organisation && (r.node == "" || slices.Contains(path, r.node))
	})
}

func (c *caller) anywhere(need access.Permission) bool {
	return slices.ContainsFunc(c.rights, func(r heldRight) bool { return r.may[need] })
}

// ask calls a method. A stream is read until it falls quiet.
func (c *caller) ask(t *testing.T, base string, m method, q proto.Message) answer {
	t.Helper()
	body, err := protojson.Marshal(q)
	if err != nil {
		t.Fatal(err)
	}
	kind := "application/json"
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	if m.desc.IsStreamingServer() {
		kind = "application/connect+json"
		body = append(binary.BigEndian.AppendUint32([]byte{0}, uint32(len(body))), body...)
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, base+"/cabinet.v1."+m.name, bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", kind)
	for k, v := range c.header {
		r.Header.Set(k, v)
	}
	res, err := c.client.Do(r)
	if err != nil {
		t.Fatalf("%s by %s: %v", m.name, c.name, err)
	}
	defer res.Body.Close()
	if m.desc.IsStreamingServer() {
		return m.stream(t, res.Body, cancel)
	}
	text, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatalf("%s by %s: %v", m.name, c.name, err)
	}
	if res.StatusCode != http.StatusOK {
		return refusal(res.StatusCode, text)
	}
	out := dynamicpb.NewMessage(m.desc.Output())
	if err := protojson.Unmarshal(text, out); err != nil {
		t.Fatalf("%s: %v", m.name, err)
	}
	return answer{text: readable(t, out)}
}

func refusal(status int, text []byte) answer {
	var said struct{ Code, Message string }
	if err := json.Unmarshal(text, &said); err != nil || said.Code == "" {
		said.Code, said.Message = strconv.Itoa(status), string(text)
	}
	return answer{code: said.Code, message: said.Message}
}

// stream reads what a stream begins with: it tells the present state of what it watches, and then waits.
func (m method) stream(t *testing.T, body io.Reader, end func()) answer {
	t.Helper()
	quiet := time.AfterFunc(patience, end)
	defer quiet.Stop()
	var all strings.Builder
	for {
		var head [5]byte
		if _, err := io.ReadFull(body, head[:]); err != nil {
			return answer{text: all.String()}
		}
		frame := make([]byte, binary.BigEndian.Uint32(head[1:]))
		if _, err := io.ReadFull(body, frame); err != nil {
			return answer{text: all.String()}
		}
		if head[0]&2 != 0 { // the end of the stream, with how it went
			var over struct {
				Error struct{ Code, Message string }
			}
			if err := json.Unmarshal(frame, &over); err != nil {
				t.Fatal(err)
			}
			return answer{code: over.Error.Code, message: over.Error.Message, text: all.String()}
		}
		out := dynamicpb.NewMessage(m.desc.Output())
		if err := protojson.Unmarshal(frame, out); err != nil {
			t.Fatal(err)
		}
		if string(frame) == "{}" { // everything was told
			return answer{text: all.String()}
		}
		all.WriteString(readable(t, out))
		quiet.Reset(200 * time.Millisecond) // of one till nothing says that everything was told
	}
}

// readable gives every string, number and file of a message as text.
func readable(t *testing.T, m protoreflect.Message) string {
	t.Helper()
	var b strings.Builder
	var value func(fd protoreflect.FieldDescriptor, v protoreflect.Value)
	var message func(m protoreflect.Message)
	value = func(fd protoreflect.FieldDescriptor, v protoreflect.Value) {
		switch fd.Kind() {
		case protoreflect.MessageKind, protoreflect.GroupKind:
			message(v.Message())
		case protoreflect.BytesKind:
			b.WriteString(opened(t, v.Bytes()))
		case protoreflect.Int64Kind:
			if moment(fd) {
				fmt.Fprintln(&b, time.UnixMilli(v.Int()).UTC().Format(time.RFC3339Nano))
				return
			}
			fallthrough
		default:
			fmt.Fprintln(&b, v.Interface())
		}
	}
	message = func(m protoreflect.Message) {
		m.Range(func(fd protoreflect.FieldDescriptor, v protoreflect.Value) bool {
			switch {
			case fd.IsList():
				for i := range v.List().Len() {
					value(fd, v.List().Get(i))
				}
			case fd.IsMap():
				v.Map().Range(func(k protoreflect.MapKey, v protoreflect.Value) bool {
					fmt.Fprintln(&b, k.Interface())
					value(fd.MapValue(), v)
					return true
				})
			default:
				value(fd, v)
			}
			return true
		})
	}
	message(m)
	return hashes.ReplaceAllString(b.String(), "…")
}

// hashes of the journal's lines hold any figures too.
var hashes = regexp.MustCompile(`\b[0-9a-f]{64}\b`)

// moment tells whether a number is a time. Such a one is read as a date and an hour: as a number it holds the figures of any sum at
// some second of some day.
func moment(fd protoreflect.FieldDescriptor) bool {
	name := string(fd.Name())
	return name == "at" || strings.HasSuffix(name, "_at") || strings.HasSuffix(name, "_ms") || strings.HasSuffix(name, "_until")
}

// opened gives a file as text: an archive (a table, a bundle) file by file.
func opened(t *testing.T, file []byte) string {
	t.Helper()
	archive, err := zip.NewReader(bytes.NewReader(file), int64(len(file)))
	if err != nil {
		return string(file) + "\n"
	}
	var b strings.Builder
	for _, f := range archive.File {
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		b.Write(text)
		b.WriteByte('\n')
	}
	return b.String()
}
