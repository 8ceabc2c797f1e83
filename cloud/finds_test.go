package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"connectrpc.com/connect"
	"github.com/google/go-cmp/cmp"

	"github.com/chekan-io/chekan/cloud/internal/store/storetest"
	cabinetv1 "github.com/chekan-io/chekan/proto/gen/cabinet/v1"
	"github.com/chekan-io/chekan/proto/gen/cabinet/v1/cabinetv1connect"
	fiscalv1 "github.com/chekan-io/chekan/proto/gen/fiscal/v1"
	uplinkv1 "github.com/chekan-io/chekan/proto/gen/uplink/v1"
)

// refusalWords are the sentences of the pages about places and devices, by the reason of a refusal.
func refusalWords(t *testing.T, lang string) map[string]string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("web", "src", "words", lang, "tree.json"))
	if err != nil {
		t.Fatal(err)
	}
	var words struct {
		TreeReasons map[string]string `json:"treeReasons"`
	}
	if err := json.Unmarshal(text, &words); err != nil {
		t.Fatal(err)
	}
	return words.TreeReasons
}

// TestFinds_refused: who wants a device that cannot be taken over is told why by a reason that the pages have a sentence for in every
// language; an agent, an outlet and a device of somebody else are what is not there.
func TestFinds_refused(t *testing.T) {
	c, password := launch(t, settings(t, storetest.SQLite(t)))
	admin := signIn(t, c, "admin", password)
	tree := cabinetv1connect.NewTreeServiceClient(admin.http, c.addresses.Cabinet, connect.WithProtoJSON())
	a, old := enrol(t, c, admin), enrol(t, c, admin)
	ctx := t.Context()
	const till, memory, printer, held, taken = "serial://COM3", "serial://COM5", "serial://COM6", "serial://COM7", "serial://COM8"
	devices := []*fiscalv1.Stranger{
		{Wire: till, Driver: "shtrih", Serial: "12", Kind: "till"},
		{Wire: memory, Driver: "fnprint", Fn: "9999078902000333", Kind: "fn"},
		{Wire: printer, Driver: "fnprint", Model: "TM-T20", Kind: "printer"},
		{Wire: held, Driver: "shtrih", Serial: "0000012345kassa", Kind: "till"}, // zeros in front, as some devices tell it
		{Wire: taken, Driver: "shtrih", Serial: "14", Kind: "till", Till: "bar"},
	}
	for _, who := range []struct {
		agent      *agent
		capability uint32
	}{{a, 7}, {old, 6}} {
		if _, err := who.agent.Hello(ctx, &uplinkv1.HelloRequest{JournalId: "j", Capability: who.capability}); err != nil {
			t.Fatal(err)
		}
		if _, err := who.agent.ReportState(ctx, &uplinkv1.ReportStateRequest{
			Search: &fiscalv1.Search{BeganMs: 1, EndedMs: 2, Tried: 5, Places: 5}, Strangers: devices,
		}); err != nil {
			t.Fatal(err)
		}
	}
	a.report(t, "kassa")
	words := map[string]map[string]string{}
	for _, lang := range []string{"ru", "kk", "en"} {
		words[lang] = refusalWords(t, lang)
	}
	refused := func(name string, err error, code connect.Code, word string) {
		t.Helper()
		if connect.CodeOf(err) != code || reason(err) != word {
			t.Errorf("%s: %v, reason %q; want %v, %q", name, err, reason(err), code, word)
		}
		for lang, of := range words {
			if word != "" && strings.TrimSpace(of[word]) == "" {
				t.Errorf("%s: %q has no sentence in %s", name, word, lang)
			}
		}
	}
	adopt := func(agent, command string, change func(r *cabinetv1.AdoptDeviceRequest)) error {
		r := &cabinetv1.AdoptDeviceRequest{AgentId: agent, CommandId: command, Wire: till, Title: "Касса у окна"}
		if change != nil {
			change(r)
		}
		_, err := tree.AdoptDevice(ctx, r)
		return err
	}
	for name, one := range map[string]struct {
		change func(r *cabinetv1.AdoptDeviceRequest)
		code   connect.Code
		word   string
	}{
		"no such device":                                    {func(r *cabinetv1.AdoptDeviceRequest) { r.Wire = "serial://COM99" }, connect.CodeNotFound, "find_none"},
		"no device named":                                   {func(r *cabinetv1.AdoptDeviceRequest) { r.Wire = "" }, connect.CodeNotFound, "find_none"},
		"a till of the cabinet's":                           {func(r *cabinetv1.AdoptDeviceRequest) { r.Wire = held }, connect.CodeAlreadyExists, "find_held"},
		"a till of the agent's":                             {func(r *cabinetv1.AdoptDeviceRequest) { r.Wire = taken }, connect.CodeAlreadyExists, "find_held"},
		"a printer alone":                                   {func(r *cabinetv1.AdoptDeviceRequest) { r.Wire = printer }, connect.CodeInvalidArgument, "find_half"},
		"a memory alone":                                    {func(r *cabinetv1.AdoptDeviceRequest) { r.Wire = memory }, connect.CodeInvalidArgument, "find_half"},
		"a till with a printer":                             {func(r *cabinetv1.AdoptDeviceRequest) { r.Printer = printer }, connect.CodeInvalidArgument, "find_half"},
		"a memory with no such thing":                       {func(r *cabinetv1.AdoptDeviceRequest) { r.Wire, r.Printer = memory, "serial://COM99" }, connect.CodeNotFound, "find_none"},
		"a memory with a till":                              {func(r *cabinetv1.AdoptDeviceRequest) { r.Wire, r.Printer = memory, till }, connect.CodeNotFound, "find_none"},
		"a name nobody can see":                             {func(r *cabinetv1.AdoptDeviceRequest) { r.Title = "Касса\u202eу окна" }, connect.CodeInvalidArgument, "tree_name"},
		"a name without end":                                {func(r *cabinetv1.AdoptDeviceRequest) { r.Title = strings.Repeat("щ", 101) }, connect.CodeInvalidArgument, "tree_name"},
		"an outlet there is not":                            {func(r *cabinetv1.AdoptDeviceRequest) { r.OutletId = "nowhere" }, connect.CodeNotFound, ""},
		"an agent there is not":                             {func(r *cabinetv1.AdoptDeviceRequest) { r.AgentId = "nobody" }, connect.CodeNotFound, ""},
		"a memory, with a printer, of an agent that is not": {func(r *cabinetv1.AdoptDeviceRequest) { r.AgentId, r.Wire, r.Printer = "nobody", memory, printer }, connect.CodeNotFound, ""},
	} {
		refused(name, adopt(a.id, "refused", one.change), one.code, one.word)
	}
	refused("an old agent", adopt(old.id, "old", nil), connect.CodeUnimplemented, "agent_old")
	_, err := tree.FindDevices(ctx, &cabinetv1.FindDevicesRequest{AgentId: old.id, CommandId: "look"})
	refused("an old agent looks", err, connect.CodeUnimplemented, "agent_old")
	// Nothing of all this was begun.
	waiting := func() (list []string) {
		t.Helper()
		got, err := a.FetchCommands(ctx, &uplinkv1.FetchCommandsRequest{})
		if err != nil {
			t.Fatal(err)
		}
		for _, one := range got.GetCommands() {
			list = append(list, one.GetId()+" "+one.GetDevice().GetWire())
		}
		return list
	}
	if got := waiting(); len(got) != 0 {
		t.Errorf("refused, and begun: %v", got)
	}
	for range 2 { // a double click
		if err := adopt(a.id, "good", nil); err != nil {
			t.Fatal(err)
		}
	}
	refused("another device under the same click", adopt(a.id, "good", func(r *cabinetv1.AdoptDeviceRequest) { r.Wire, r.Printer = memory, printer }), connect.CodeAlreadyExists, "")
	// Who asks for what is being taken over already asks for the same.
	if err := adopt(a.id, "second", nil); err != nil {
		t.Error(err)
	}
	if diff := cmp.Diff([]string{"good " + till}, waiting()); diff != "" {
		t.Error(diff)
	}
}
