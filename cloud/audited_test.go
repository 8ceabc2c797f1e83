package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/types/descriptorpb"

	"github.com/chekan-io/chekan/cloud/internal/access"
	"github.com/chekan-io/chekan/cloud/internal/fleet"
	"github.com/chekan-io/chekan/cloud/internal/store"
	"github.com/chekan-io/chekan/cloud/internal/store/db"
	"github.com/chekan-io/chekan/cloud/internal/store/storetest"
	cabinetv1 "github.com/chekan-io/chekan/proto/gen/cabinet/v1"
	fiscalv1 "github.com/chekan-io/chekan/proto/gen/fiscal/v1"
	uplinkv1 "github.com/chekan-io/chekan/proto/gen/uplink/v1"
)

// unaudited are the methods that change something and leave no line in the journal of acts, and why.
var unaudited = map[string]string{
	"AccessService/GetChallenge":           "reads",
	"AccessService/GetInvitation":          "reads",
	"AccessService/CheckPassword":          "reads; its request must not stand in an address",
	"AccessService/GeneratePassword":       "reads",
	"AccessService/BeginPasskeySignIn":     signingIn,
	"AccessService/StartSignUp":            signingIn,
	"AccessService/SendCodeAgain":          signingIn,
	"AccessService/StartReset":             signingIn,
	"AccessService/Refresh":                "renews a session, every few minutes",
	"AccessService/BeginTOTP":              firstStep,
	"AccessService/BeginPasskey":           firstStep,
	"AccessService/StartContactChange":     firstStep,
	"AccessService/BeginProof":             firstStep,
	"FleetService/SaveTillView":            "how somebody likes to look at a list",
	"FleetService/DeleteTillView":          "how somebody likes to look at a list",
	"RemoteService/MarkNotesRead":          "a read mark",
	"UpdatesService/StartRollout":          "needs a released version; package updates writes its line with the rollout",
	"OrganisationService/ResendInvitation": "may be called a while after the invitation only; package people writes its line with the letter",
	"AccessService/AcceptTerms":            "needs terms in the settings; package access writes its line with the acceptance",
	"NotifyService/ResendDelivery":         "needs a delivery that failed; package notify writes its line with the new try",
	"NotifyService/ConfirmNotifyChannel":   "needs the code of a message; package notify writes its line with the confirmation",
	"NotifyService/TestNotifyChannel":      "needs a confirmed channel; package notify writes its line before the message",
	"AccessService/FinishSignIn":           elsewhere,
	"AccessService/FinishPasskeySignIn":    elsewhere,
	"AccessService/ConfirmSignUp":          elsewhere,
	"AccessService/AcceptInvitation":       elsewhere,
	"AccessService/FinishReset":            elsewhere,
	"AccessService/ConfirmTOTP":            elsewhere,
	"AccessService/RemoveTOTP":             elsewhere,
	"AccessService/RenewRecoveryCodes":     elsewhere,
	"AccessService/AddPasskey":             elsewhere,
	"AccessService/RenamePasskey":          elsewhere,
	"AccessService/RemovePasskey":          elsewhere,
	"AccessService/ConfirmContactChange":   elsewhere,
	"AccessService/CancelContactChange":    elsewhere,
}

const (
	signingIn = "a step of signing in or up: the step that lets somebody in has the line"
	firstStep = "a first step that changes nothing yet: the second one has the line"
	elsewhere = "needs a code of a message or an authenticator: package access writes the line in the transaction of the change"
)

// deeds are calls of which each has to leave a line, in an order in which each can succeed. Words after $ are what the world has, or
// what an earlier answer gave: keep names the field of the answer and the word it is kept under.
var deeds = []struct{ method, body, keep string }{
	{"FleetService/CreateEnrolmentCode", `{"outlet":"$outletName"}`, ""},
	{"FleetService/StartCommand", `{"id":"$new","tillId":"$till","action":"ACTION_CHECK"}`, ""},
	{"FleetService/Decide", `{"id":"$new","tillId":"$till","decision":{"key":"$key-stuck","none":true,"reason":"не было"},"confirm":"$name"}`, ""},
	{"FleetService/CloseTicket", `{"id":"$ticket","resolution":"починили"}`, ""},
	{"FleetService/SetThreshold", `{"node":{"level":"THRESHOLD_LEVEL_TILL","id":"$till"},"metric":"silence","limits":{"warn":"100","critical":"200"}}`, ""},
	{"FleetService/SetThreshold", `{"node":{"level":"THRESHOLD_LEVEL_TILL","id":"$till"},"metric":"silence"}`, ""},
	{"FleetService/SetWorkingHours", `{"node":{"level":"THRESHOLD_LEVEL_TILL","id":"$till"},"hours":{"from":540,"to":1260}}`, ""},
	{"FleetService/SetWorkingHours", `{"node":{"level":"THRESHOLD_LEVEL_TILL","id":"$till"}}`, ""},
	{"FleetService/SetContract", `{"tillId":"$till","until":"2030-01-31"}`, ""},
	{"FleetService/SetMaintenance", `{"tillIds":["$till"],"untilMs":"$soon","reason":"замена ФН"}`, ""},
	{"FleetService/SetMaintenance", `{"tillIds":["$till"]}`, ""},

	{"UpdatesService/ChangeRollout", `{"id":"$rollout","change":"ROLLOUT_CHANGE_END"}`, ""},
	{"UpdatesService/PinAgent", `{"agentId":"$agent","version":"9.9.9"}`, ""},

	{"LinksService/CreateLink", `{"fn":"$fn","fd":$fd,"days":1}`, "link.id=link"},
	{"LinksService/SendLink", `{"fn":"$fn","fd":$fd,"days":1,"to":"buyer@example.ru","consent":true,"language":"ru"}`, ""},
	{"LinksService/RevokeLink", `{"id":"$link","fn":"$fn","fd":$fd}`, ""},

	{"TreeService/CreateNode", `{"kind":"PLACE_KIND_OUTLET","parentId":"$department","name":"Новая лавка"}`, "node.id=made"},
	{"TreeService/ChangeNode", `{"id":"$made","name":"Новейшая лавка"}`, ""},
	{"TreeService/MoveNode", `{"id":"$made","parentId":"$owner"}`, ""},
	{"TreeService/DeleteNode", `{"id":"$made"}`, ""},
	{"TreeService/CreateConnection", `{"outletId":"$outlet"}`, ""},
	{"TreeService/ChangeSettings", `{"tillId":"$till","settings":{"ofd":"off","rushHours":"09:00-21:00"},"commandId":"$new"}`, ""},
	{"TreeService/FindDevices", `{"agentId":"$agent","commandId":"$new"}`, ""},
	{"TreeService/AdoptDevice", `{"agentId":"$agent","commandId":"$new","wire":"$wire","title":"Новая касса"}`, ""},

	{"RemoteService/StartWork", `{"id":"$work","order":{"action":"ACTION_CHECK","tillIds":["$till"],"perMinute":1},"confirm":"1"}`, ""},
	{"RemoteService/ChangeWork", `{"id":"$work","change":"WORK_CHANGE_CANCEL"}`, ""},
	{"RemoteService/SetNodeRule", `{"nodeId":"$till","name":"sync_clock","setting":{"on":true,"seconds":60}}`, ""},
	{"RemoteService/WriteNote", `{"id":"$new","tillId":"$till","text":"Посмотрите кассу"}`, ""},

	{"NotifyService/PutOwnNotifyRule", `{"rule":{"events":["device"],"kinds":["mail"]}}`, "rule.id=ownRule"},
	{"NotifyService/DeleteOwnNotifyRule", `{"id":"$ownRule"}`, ""},
	{"NotifyService/PutNotifyRule", `{"rule":{"events":["device"],"kinds":["mail"],"role":"technician"}}`, "rule.id=rule"},
	{"NotifyService/DeleteNotifyRule", `{"id":"$rule"}`, ""},
	{"NotifyService/SetNotifySettings", `{"settings":{"language":"kk","zone":"Asia/Almaty","quietFrom":1320,"quietTo":420}}`, ""},
	{"NotifyService/AddNotifyChannel", `{"kind":"mail","address":"petr@example.ru"}`, "channel.id=channel"},
	{"NotifyService/DeleteNotifyChannel", `{"id":"$channel"}`, ""},
	{"NotifyService/PutWebhook", `{"webhook":{"name":"Учёт","url":"https://hook.example.ru/x","events":["device"]}}`, "webhook.id=hook"},
	{"NotifyService/TestWebhook", `{"id":"$hook"}`, ""},
	{"NotifyService/DeleteWebhook", `{"id":"$hook"}`, ""},

	{"OrganisationService/UpdateOrganisation", `{"organisation":{"name":"Другое имя","country":"ru","taxId":"7707083893"}}`, ""},
	{"OrganisationService/CreateOrganisation", `{"organisation":{"kind":"ORGANISATION_KIND_OWNER","name":"Вторая компания","country":"ru","taxId":"5003052454"}}`, ""},
	{"OrganisationService/InvitePerson", `{"recipient":"ivan@example.ru","name":"Иван","assignments":[{"role":"viewer"}],"lang":"ru"}`, "invitation.id=invitation"},
	{"OrganisationService/RevokeInvitation", `{"id":"$invitation"}`, ""},
	{"OrganisationService/PutRole", `{"role":{"name":"Кладовщик","permissions":["tills:view"]}}`, "role.id=role"},
	{"OrganisationService/DeleteRole", `{"id":"$role"}`, ""},
	{"OrganisationService/SetRights", `{"personId":"$worker","assignments":[{"role":"technician"}]}`, ""},
	{"OrganisationService/BlockPerson", `{"personId":"$worker","blocked":true}`, ""},
	{"OrganisationService/RemovePerson", `{"personId":"$worker"}`, ""},
	{"OrganisationService/CreateKey", `{"name":"Учёт","assignment":{"role":"viewer"}}`, "key.id=apiKey"},
	{"OrganisationService/RevokeKey", `{"id":"$apiKey"}`, ""},
	{"OrganisationService/GiveGrant", `{"partnerCode":"PARTNER2","nodeId":"$second"}`, "grant.id=grant"},
	{"OrganisationService/ProlongGrant", `{"id":"$grant","endsMs":"$soon"}`, ""},
	{"OrganisationService/RevokeGrant", `{"id":"$grant"}`, ""},
	{"OrganisationService/AcceptGrant", `{"id":"$offered"}`, ""},

	{"AccessService/SetProfile", `{"name":"Пётр","language":"kk"}`, ""},
	{"AccessService/Prove", `{"password":"$password"}`, ""},
	{"AccessService/SetFactorRule", `{"required":false}`, ""},
	{"AccessService/RevokeDevice", `{"id":"$device"}`, ""},
	{"AccessService/RevokeOtherDevices", `{}`, ""},
	{"AccessService/ChangePassword", `{"current":"$password","next":"Вишня-Парус-Молот-17"}`, ""},
	{"FleetService/RevokeAgent", `{"agentId":"$agent"}`, ""},
	{"AccessService/SignIn", `{"login":"boss","password":"Вишня-Парус-Молот-17"}`, ""},
	{"AccessService/SignOut", `{}`, ""},
}

// TestAudited: every method that changes something leaves a line in the journal of acts, or stands in unaudited with the reason.
func TestAudited(t *testing.T) {
	done := map[string]bool{}
	for _, d := range deeds {
		done[d.method] = true
	}
	for _, m := range cabinetMethods(t) {
		options, _ := m.desc.Options().(*descriptorpb.MethodOptions)
		reads := options.GetIdempotencyLevel() == descriptorpb.MethodOptions_NO_SIDE_EFFECTS || m.desc.IsStreamingServer()
		switch {
		case reads && (done[m.name] || unaudited[m.name] != ""):
			t.Errorf("%s changes nothing, and stands here", m.name)
		case !reads && !done[m.name] && unaudited[m.name] == "":
			t.Errorf("%s has side effects: add a deed that finds its line in the journal, or the reason why there is none", m.name)
		case done[m.name] && unaudited[m.name] != "":
			t.Errorf("%s stands in both lists", m.name)
		}
	}
	storetest.Addresses(t, func(t *testing.T, address string) {
		w := newRightsWorld(t, address)
		words := w.words(t)
		for _, d := range deeds {
			words["new"] = store.NewID()
			before := w.lines(t)
			answer := w.deed(t, d.method, d.body, words)
			if after := w.lines(t); after <= before {
				t.Errorf("%s left no line in the journal", d.method)
			}
			if path, word, ok := strings.Cut(d.keep, "="); ok {
				if words[word] = valueAt(answer, path); words[word] == "" {
					t.Errorf("%s: no %s in %v", d.method, path, answer)
				}
			}
		}
	})
}

// words gives what deeds name after $. They are done by an administrator who has just come in, and so is proven.
func (w *rightsWorld) words(t *testing.T) map[string]string {
	t.Helper()
	ctx := t.Context()
	hire := func(login string, role access.Role) (password string) {
		password, err := w.c.access.AddPerson(ctx, login, login, "", role)
		if err != nil {
			t.Fatal(err)
		}
		return password
	}
	worker := personID(t, w.c, signIn(t, w.c, "worker", hire("worker", access.Viewer)))
	password := hire("boss", access.Administrator)
	for range 2 { // in other browsers
		signIn(t, w.c, "boss", password)
	}
	w.walker = signIn(t, w.c, "boss", password)
	devices, err := w.walker.access.ListDevices(ctx, &cabinetv1.ListDevicesRequest{})
	if err != nil {
		t.Fatal(err)
	}
	other := slices.IndexFunc(devices.GetDevices(), func(d *cabinetv1.Device) bool { return !d.GetCurrent() })
	offered, err := w.c.store.Read().ListGrantsTo(ctx, grantOffered)
	if err != nil {
		t.Fatal(err)
	}
	if err := w.c.store.Tx(ctx, func(q *db.Queries) error {
		_, err := q.SetPartnerCode(ctx, db.SetPartnerCodeParams{ID: grantEnded, PartnerCode: "PARTNER2"})
		return err
	}); err != nil {
		t.Fatal(err)
	}
	const wire = "serial://COM3?baud=115200"
	agent := &access.Agent{ID: w.a.agent, OrganisationID: w.owner, OutletID: w.a.outlet}
	if _, err := w.c.fleet.Hello(ctx, agent, &uplinkv1.HelloRequest{Capability: fleet.Finds}, "192.0.2.1"); err != nil {
		t.Fatal(err)
	}
	if err := w.c.fleet.Report(ctx, agent, &uplinkv1.ReportStateRequest{
		Search: &fiscalv1.Search{EndedMs: 1}, Strangers: []*fiscalv1.Stranger{{Wire: wire, Driver: "shtrih", Kind: "till"}},
	}); err != nil {
		t.Fatal(err)
	}
	return map[string]string{
		"wire": wire, "till": w.a.till, "name": w.a.name, "outlet": w.a.outlet, "outletName": w.a.outletName, "department": w.a.department, "agent": w.a.agent, "ticket": w.a.ticket,
		"rollout": w.a.rollout, "fn": w.a.fn, "fd": fmt.Sprint(w.a.fd), "key": w.a.key, "owner": w.owner, "second": w.b.outlet, "work": store.NewID(),
		"worker": worker, "password": password, "device": devices.GetDevices()[other].GetId(), "soon": fmt.Sprint(time.Now().AddDate(0, 1, 0).UnixMilli()), "offered": offered[0].ID,
	}
}

// lines is how many lines all journals have.
func (w *rightsWorld) lines(t *testing.T) (n int64) {
	t.Helper()
	heads, err := w.c.store.Read().ListAuditHeads(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, h := range heads {
		n += h.Number
	}
	return n
}

// deed makes a call as the walker and gives its answer.
func (w *rightsWorld) deed(t *testing.T, method, body string, words map[string]string) map[string]any {
	t.Helper()
	names := slices.SortedFunc(maps.Keys(words), func(a, b string) int { return len(b) - len(a) }) // $outletName before $outlet
	for _, name := range names {
		body = strings.ReplaceAll(body, "$"+name, words[name])
	}
	res, err := w.walker.http.Post(w.c.addresses.Cabinet+"/cabinet.v1."+method, "application/json", bytes.NewReader([]byte(body)))
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	if res.StatusCode != http.StatusOK {
		t.Errorf("%s %s: %d %s", method, body, res.StatusCode, text)
		return nil
	}
	var answer map[string]any
	if err := json.Unmarshal(text, &answer); err != nil {
		t.Fatal(err)
	}
	return answer
}

// valueAt gives a text in an answer, by a path of fields.
func valueAt(answer map[string]any, path string) string {
	field, rest, deeper := strings.Cut(path, ".")
	if deeper {
		inner, _ := answer[field].(map[string]any)
		return valueAt(inner, rest)
	}
	text, _ := answer[field].(string)
	return text
}
