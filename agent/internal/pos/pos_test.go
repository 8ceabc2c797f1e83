package pos_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"connectrpc.com/connect"

	"github.com/chekan-io/chekan/agent/internal/pos"
	"github.com/chekan-io/chekan/agent/internal/till/tilltest"
	fiscalv1 "github.com/chekan-io/chekan/proto/gen/fiscal/v1"
	posv1 "github.com/chekan-io/chekan/proto/gen/pos/v1"
	"github.com/chekan-io/chekan/proto/gen/pos/v1/posv1connect"
)

const (
	token = "secret"
	name  = "касса"
)

type nobody struct{}

func (nobody) Status(context.Context) *posv1.AgentStatusResponse {
	return &posv1.AgentStatusResponse{Version: "test"}
}

func (nobody) CheckUpdate(context.Context) (*posv1.CheckUpdateResponse, error) {
	return &posv1.CheckUpdateResponse{}, nil
}

func (nobody) Enroll(context.Context, string, string) (*posv1.EnrollResponse, error) {
	return &posv1.EnrollResponse{AgentId: "a1"}, nil
}

func serve(t *testing.T) (*tilltest.Bench, *httptest.Server) {
	t.Helper()
	b := tilltest.Open(t, name)
	h := pos.NewHandler(b.Fleet, b.Journal, nobody{}, pos.Options{Token: token, Origins: []string{"https://pos.example"}, Log: slog.New(slog.DiscardHandler)})
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return b, s
}

// post is what curl does.
func post(t *testing.T, s *httptest.Server, method, body string, change func(*http.Request)) (int, map[string]any) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.URL+"/pos.v1."+method, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Authorization", "Bearer "+token)
	if change != nil {
		change(req)
	}
	res, err := s.Client().Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	raw, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	var out map[string]any
	if err := json.Unmarshal(raw, &out); err != nil && res.StatusCode != http.StatusNoContent {
		t.Fatalf("%d: %q: %v", res.StatusCode, raw, err)
	}
	return res.StatusCode, out
}

const sale = `{"key":"k1","kind":"KIND_SALE","receipt":{"tax_system":1,"items":[{"name":"Кофе","quantity":"2","price":15000,"vat":"22"}],"payments":{"cash":30000}}}`

func TestCurl(t *testing.T) {
	b, s := serve(t)
	b.OpenShift(t, name)
	code, out := post(t, s, "PosService/Submit", sale, nil)
	op, _ := out["operation"].(map[string]any)
	if code != http.StatusOK || op["outcome"] != "OUTCOME_DONE" || op["text"] != "Чек пробит." {
		t.Fatalf("%d %v", code, out)
	}
	code, out = post(t, s, "PosService/GetOperation", `{"key":"k1"}`, nil)
	if got, _ := out["operation"].(map[string]any); code != http.StatusOK || got["outcome"] != "OUTCOME_DONE" {
		t.Errorf("%d %v", code, out)
	}
	code, out = post(t, s, "PosService/GetOperation", `{"key":"nobody asked"}`, nil)
	if code != http.StatusNotFound || out["code"] != "not_found" {
		t.Errorf("%d %v", code, out)
	}
	code, out = post(t, s, "PosService/Submit", strings.Replace(sale, "Кофе", "Чай", 1), nil)
	if code != http.StatusConflict || out["code"] != "already_exists" {
		t.Errorf("another body under the key: %d %v", code, out)
	}
}

func TestRefusals(t *testing.T) {
	_, s := serve(t)
	for _, c := range []struct {
		name, method, body string
		change             func(*http.Request)
		status             int
		says               string
	}{
		{"no token", "PosService/ListTills", "{}", func(r *http.Request) { r.Header.Del("Authorization") }, http.StatusUnauthorized, "токен"},
		{"a wrong token", "PosService/ListTills", "{}", func(r *http.Request) { r.Header.Set("Authorization", "Bearer guess") }, http.StatusUnauthorized, "токен"},
		{"a web page", "PosService/Submit", sale, func(r *http.Request) { r.Header.Set("Origin", "https://evil.example") }, http.StatusForbidden, "evil.example"},
		{"a name that leads here", "PosService/Submit", sale, func(r *http.Request) { r.Host = "rebind.example:80" }, http.StatusForbidden, "127.0.0.1"},
		{"an unknown field", "PosService/Submit", `{"key":"k","paymentz":1}`, nil, http.StatusBadRequest, "paymentz"},
		{"not JSON", "PosService/Submit", `{"key":`, nil, http.StatusBadRequest, ""},
		{"an empty body", "PosService/Submit", ``, nil, http.StatusBadRequest, "JSON"},
		{"another till", "PosService/Submit", strings.Replace(sale, `"kind"`, `"till":"нет такой","kind"`, 1), nil, http.StatusNotFound, "нет такой"},
		{"a bad field", "PosService/Submit", strings.Replace(sale, `"2"`, `"-2"`, 1), nil, http.StatusBadRequest, "receipt.items[0].quantity"},
		{"an action of the future", "TechnicianService/Plan", `{"action":99}`, nil, http.StatusBadRequest, ""},
		{"nothing to decide", "TechnicianService/Decide", `{"key":"k"}`, nil, http.StatusBadRequest, "не ждёт"},
	} {
		t.Run(c.name, func(t *testing.T) {
			code, out := post(t, s, c.method, c.body, c.change)
			text, _ := out["message"].(string)
			if code != c.status || !strings.Contains(text, c.says) || text == "" {
				t.Errorf("%d %v", code, out)
			}
		})
	}
}

// Every complaint comes with its field, for programs that show them in a form.
func TestRefusal_detail(t *testing.T) {
	_, s := serve(t)
	client := posv1connect.NewPosServiceClient(bearer(s), s.URL)
	op := tilltest.Sale("k", name)
	op.Receipt.Items[0].Quantity, op.Receipt.Payments.Cash = "0", -1
	_, err := client.Submit(t.Context(), &posv1.SubmitRequest{Key: op.GetKey(), Kind: op.GetKind(), Receipt: op.GetReceipt()})
	var e *connect.Error
	if !asConnect(err, &e) || e.Code() != connect.CodeInvalidArgument || len(e.Details()) != 1 {
		t.Fatalf("%v", err)
	}
	v, err := e.Details()[0].Value()
	if err != nil {
		t.Fatal(err)
	}
	refusal, ok := v.(*posv1.Refusal)
	if !ok || len(refusal.GetFields()) < 2 {
		t.Errorf("detail %v", v)
	}
}

func TestOrigin_allowed(t *testing.T) {
	_, s := serve(t)
	code, _ := post(t, s, "PosService/ListTills", "{}", func(r *http.Request) { r.Header.Set("Origin", "https://pos.example") })
	if code != http.StatusOK {
		t.Errorf("status %d", code)
	}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodOptions, s.URL+"/pos.v1.PosService/Submit", bytes.NewReader(nil))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Origin", "https://pos.example")
	res, err := s.Client().Do(req)
	if err != nil {
		t.Fatal(err)
	}
	_ = res.Body.Close()
	if res.StatusCode != http.StatusNoContent || res.Header.Get("Access-Control-Allow-Origin") != "https://pos.example" {
		t.Errorf("preflight of the browser: %d %v", res.StatusCode, res.Header)
	}
}

func TestPreflight(t *testing.T) {
	b, s := serve(t)
	client := posv1connect.NewPosServiceClient(bearer(s), s.URL)
	ask := func(kind fiscalv1.Kind) *posv1.PreflightResponse {
		t.Helper()
		res, err := client.Preflight(t.Context(), &posv1.PreflightRequest{Kind: kind})
		if err != nil {
			t.Fatal(err)
		}
		return res
	}
	first := func(r *posv1.PreflightResponse) string {
		if len(r.GetReasons()) == 0 {
			return ""
		}
		return r.GetReasons()[0].GetCode()
	}
	if got := ask(fiscalv1.Kind_KIND_SALE); got.GetReady() || first(got) != "shift_closed" {
		t.Errorf("shift closed: %v", got)
	}
	b.OpenShift(t, name)
	if got := ask(0); !got.GetReady() {
		t.Errorf("ready: %v", got)
	}
	if got := ask(fiscalv1.Kind_KIND_OPEN_SHIFT); got.GetReady() || first(got) != "shift_open" {
		t.Errorf("shift open: %v", got)
	}
	b.Devices[name].RemovePaper()
	if got := ask(fiscalv1.Kind_KIND_SALE); got.GetReady() || first(got) != "no_paper" {
		t.Errorf("no paper: %v", got)
	}
	b.Devices[name].InsertPaper(0)
	b.Devices[name].Age(25 * time.Hour)
	if got := ask(fiscalv1.Kind_KIND_SALE); got.GetReady() || first(got) != "shift_expired" {
		t.Errorf("shift expired: %v", got)
	}
	if got := ask(fiscalv1.Kind_KIND_CLOSE_SHIFT); !got.GetReady() {
		t.Errorf("an expired shift can be closed: %v", got)
	}
}

func TestWatchAndAct(t *testing.T) {
	b, s := serve(t)
	b.OpenShift(t, name)
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	client := posv1connect.NewPosServiceClient(bearer(s), s.URL)
	stream, err := client.Watch(ctx, &posv1.WatchRequest{})
	if err != nil {
		t.Fatal(err)
	}
	defer stream.Close()
	if !stream.Receive() || stream.Msg().GetState().GetTill() != name {
		t.Fatalf("first comes the state: %v %v", stream.Msg(), stream.Err())
	}
	b.Do(t, tilltest.Sale("seen", name))
	for stream.Receive() {
		if op := stream.Msg().GetOperation(); op.GetKey() == "seen" && op.GetOutcome() == fiscalv1.Outcome_OUTCOME_DONE {
			break
		}
	}
	if stream.Err() != nil {
		t.Fatal(stream.Err())
	}
	tech := posv1connect.NewTechnicianServiceClient(bearer(s), s.URL)
	runs, err := tech.Act(ctx, &posv1.ActRequest{Action: fiscalv1.Action_ACTION_CHECK})
	if err != nil {
		t.Fatal(err)
	}
	var last *fiscalv1.Run
	for runs.Receive() {
		last = runs.Msg().GetRun()
	}
	if runs.Err() != nil || !last.GetEnded() || !last.GetOk() {
		t.Errorf("%v %v", last, runs.Err())
	}
}
