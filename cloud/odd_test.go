package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"

	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/dynamicpb"

	"github.com/chekan-io/chekan/cloud/internal/access"
	cabinetv1 "github.com/chekan-io/chekan/proto/gen/cabinet/v1"
	uplinkv1 "github.com/chekan-io/chekan/proto/gen/uplink/v1"
)

// odd is something nobody means: a text for every field that is one, and a number for every other.
type odd struct {
	text   string
	number int64
}

// fill puts it into every field of a message, and into the messages in it.
func (o odd) fill(m protoreflect.Message, depth int) {
	fields := m.Descriptor().Fields()
	for i := range fields.Len() {
		fd := fields.Get(i)
		if fd.IsMap() || fd.ContainingOneof() != nil && fd.ContainingOneof().Fields().Get(0) != fd {
			continue
		}
		if fd.Message() != nil {
			if depth == 4 {
				continue
			}
			if fd.IsList() {
				o.fill(m.Mutable(fd).List().AppendMutable().Message(), depth+1)
			} else {
				o.fill(m.Mutable(fd).Message(), depth+1)
			}
			continue
		}
		v := o.value(fd)
		if fd.IsList() {
			m.Mutable(fd).List().Append(v)
		} else {
			m.Set(fd, v)
		}
	}
}

func (o odd) value(fd protoreflect.FieldDescriptor) protoreflect.Value {
	switch fd.Kind() { // the rest are whole numbers without a sign, and of 64 bits
	case protoreflect.StringKind:
		return protoreflect.ValueOfString(o.text)
	case protoreflect.BytesKind:
		return protoreflect.ValueOfBytes([]byte(o.text))
	case protoreflect.BoolKind:
		return protoreflect.ValueOfBool(o.number != 0)
	case protoreflect.EnumKind:
		return protoreflect.ValueOfEnum(protoreflect.EnumNumber(int32(o.number)))
	case protoreflect.Int32Kind:
		return protoreflect.ValueOfInt32(int32(o.number))
	case protoreflect.Int64Kind:
		return protoreflect.ValueOfInt64(o.number)
	case protoreflect.Uint32Kind:
		return protoreflect.ValueOfUint32(uint32(o.number))
	case protoreflect.DoubleKind:
		return protoreflect.ValueOfFloat64(float64(o.number))
	}
	return protoreflect.ValueOfUint64(uint64(o.number))
}

// TestDoor_odd: whatever stands in the fields of a request, who asked is told what is wrong with it; nothing goes wrong inside. Every method
// of both doors, by who may call it, on both databases: they do not take the same texts.
func TestDoor_odd(t *testing.T) {
	each(t, func(t *testing.T, c *cabinet, admin *person) {
		a := enrol(t, c, admin)
		if _, err := a.Hello(t.Context(), &uplinkv1.HelloRequest{JournalId: "j", Capability: 7}); err != nil {
			t.Fatal(err)
		}
		a.report(t, "kassa")
		agents := a.files(t, a.tls.Certificates...)
		methods := map[string]protoreflect.MethodDescriptor{}
		for _, file := range servedFiles() {
			for i := range file.Services().Len() {
				service := file.Services().Get(i)
				for j := range service.Methods().Len() {
					m := service.Methods().Get(j)
					methods[fmt.Sprintf("/%s/%s", service.FullName(), m.Name())] = m
				}
			}
		}
		asked := 0
		for _, o := range []odd{{"x\x00y", 0}, {"\u202e🧾'\"\\%_\n", -1}, {strings.Repeat("я", 70_000), 1 << 62}} {
			for _, name := range slices.Sorted(maps.Keys(methods)) {
				m := methods[name]
				// Signing out ends the one who asks; a stream and a long poll are waited for, and say nothing else than the rest.
				if m.Name() == "SignOut" || m.Name() == "FetchCommands" || m.IsStreamingServer() {
					continue
				}
				need, _ := access.Needs(name)
				client, address := admin.http, c.addresses.Cabinet
				if need == access.TheAgent {
					client, address = agents, a.info.GetUplinkUrl()
				}
				q := dynamicpb.NewMessage(m.Input())
				o.fill(q, 0)
				body, err := protojson.Marshal(q)
				if err != nil {
					t.Fatal(name, err)
				}
				asked++
				if status, text := answers(t, client, address+name, body); status >= 500 && status != http.StatusNotImplemented && status != http.StatusServiceUnavailable || strings.Contains(text, "internal error") {
					t.Errorf("%s with %.20q and %d: %d %s", name, o.text, o.number, status, text)
				}
			}
		}
		if asked < 300 {
			t.Errorf("asked %d times", asked)
		}
		// Both are still who they were.
		if list, err := admin.fleet.ListTills(t.Context(), &cabinetv1.ListTillsRequest{}); err != nil || len(list.GetTills()) == 0 {
			t.Errorf("%v, %v", list, err)
		}
		if _, err := a.Hello(t.Context(), &uplinkv1.HelloRequest{JournalId: "j", Capability: 7}); err != nil {
			t.Error(err)
		}
	})
}

// answers asks as [call] does, with a body.
func answers(t *testing.T, client *http.Client, address string, body []byte) (status int, text string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, address, bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	res, err := client.Do(r)
	if err != nil {
		t.Fatal(address, err)
	}
	defer res.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(res.Body, 400))
	if err != nil {
		t.Fatal(address, err)
	}
	return res.StatusCode, string(answer)
}
