package main

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"math/big"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"connectrpc.com/connect"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"

	"github.com/chekan-io/chekan/cloud/internal/access"
	"github.com/chekan-io/chekan/cloud/internal/store/storetest"
	cabinetv1 "github.com/chekan-io/chekan/proto/gen/cabinet/v1"
	fiscalv1 "github.com/chekan-io/chekan/proto/gen/fiscal/v1"
	uplinkv1 "github.com/chekan-io/chekan/proto/gen/uplink/v1"
	"github.com/chekan-io/chekan/proto/pack/sample"
	"github.com/chekan-io/chekan/protocol/ffd"
)

// servedFiles gives the files whose services the two doors serve.
func servedFiles() (files []protoreflect.FileDescriptor) {
	for _, name := range []protoreflect.FullName{"cabinet.v1", "uplink.v1"} {
		protoregistry.GlobalFiles.RangeFilesByPackage(name, func(file protoreflect.FileDescriptor) bool {
			files = append(files, file)
			return true
		})
	}
	return files
}

// procedures gives every method that the cabinet serves, with the right it needs.
func procedures() map[string]access.Permission {
	all := map[string]access.Permission{}
	for _, file := range servedFiles() {
		for i := range file.Services().Len() {
			service := file.Services().Get(i)
			for j := range service.Methods().Len() {
				name := fmt.Sprintf("/%s/%s", service.FullName(), service.Methods().Get(j).Name())
				all[name], _ = access.Needs(name)
			}
		}
	}
	return all
}

// call posts an empty request and gives the status and Connect's code.
func call(t *testing.T, client *http.Client, address string, header map[string]string) (int, string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	body := []byte("{}")
	kind := "application/json"
	if strings.HasSuffix(address, "/Watch") {
		body, kind = []byte("\x00\x00\x00\x00\x02{}"), "application/connect+json"
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, address, bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", kind)
	for k, v := range header {
		r.Header.Set(k, v)
	}
	res, err := client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	first := make([]byte, 4096)
	n, _ := io.ReadAtLeast(res.Body, first, 1)
	text := first[:n]
	if kind == "application/connect+json" && n > 5 {
		var end struct{ Error struct{ Code string } }
		if err := json.Unmarshal(text[5:], &end); err == nil {
			return res.StatusCode, end.Error.Code
		}
	}
	var answer struct{ Code string }
	_ = json.Unmarshal(text, &answer) // a page that is not JSON has no code
	return res.StatusCode, answer.Code
}

// TestDoor_rights walks every method with every role and with nobody: who lacks the right is refused, and who has it is not.
func TestDoor_rights(t *testing.T) {
	each(t, func(t *testing.T, c *cabinet, _ *person) {
		nobody := browser(t, c)
		for name, need := range procedures() {
			_, code := call(t, nobody.http, c.addresses.Cabinet+name, nil)
			if refused := code == "unauthenticated"; need != access.Everyone && need != access.TheAgent && !refused {
				t.Errorf("%s without a session: %q", name, code)
			}
		}
		for _, role := range access.Roles() {
			password, err := c.access.AddPerson(t.Context(), "one "+string(role), "", "", role)
			if err != nil {
				t.Fatal(err)
			}
			p := signIn(t, c, "one "+string(role), password)
			for name, need := range procedures() {
				if need == access.Everyone || need == access.TheAgent || strings.HasSuffix(name, "/SignOut") {
					continue
				}
				_, code := call(t, p.http, c.addresses.Cabinet+name, nil)
				may := need == access.SignedIn || need == access.Known || (&access.Person{Rights: []access.Right{role.In("", "")}}).Can(need)
				// These refuse a wrong proof, or ask for a right of their own, by the same code.
				_, method, _ := strings.Cut(name, "Service/")
				itself := slices.Contains([]string{"ChangePassword", "Prove", "RemovePasskey", "SetFactorRule"}, method)
				if refused := code == "permission_denied"; refused == may && !itself || code == "unauthenticated" || code == "internal" {
					t.Errorf("%s as %s: %q, may %v", name, role, code, may)
				}
			}
		}
	})
}

func TestDoor_strangePages(t *testing.T) {
	c, password := launch(t, settings(t, storetest.SQLite(t)))
	p := signIn(t, c, "admin", password)
	who := c.addresses.Cabinet + "/cabinet.v1.AccessService/WhoAmI"
	if status, _ := call(t, p.http, who, map[string]string{"Origin": c.addresses.Cabinet, "Sec-Fetch-Site": "same-origin"}); status != http.StatusOK {
		t.Errorf("our own page: %d", status)
	}
	for name, header := range map[string]map[string]string{
		"another origin":            {"Origin": "https://evil.example"},
		"another site by its words": {"Sec-Fetch-Site": "cross-site"},
		"a neighbour on a port":     {"Sec-Fetch-Site": "same-site", "Origin": "http://127.0.0.1:1"},
		"an origin of nothing":      {"Origin": "null"},
	} {
		if status, _ := call(t, p.http, who, header); status != http.StatusForbidden {
			t.Errorf("%s: %d", name, status)
		}
	}
	for _, kind := range []string{"text/plain", "application/x-www-form-urlencoded", "multipart/form-data"} {
		if status, _ := call(t, p.http, who, map[string]string{"Content-Type": kind}); status != http.StatusUnsupportedMediaType {
			t.Errorf("as %s: %d", kind, status)
		}
	}
	res, err := browser(t, c).http.Post(c.addresses.Cabinet+"/cabinet.v1.AccessService/SignIn", "application/json",
		strings.NewReader(fmt.Sprintf(`{"login":"admin","password":%q}`, password)))
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if cookie := res.Header.Get("Set-Cookie"); !strings.Contains(cookie, "HttpOnly") || !strings.Contains(cookie, "SameSite=Strict") {
		t.Errorf("cookie %q", cookie)
	}
	if res.Header.Get("X-Frame-Options") != "DENY" || res.Header.Get("Content-Security-Policy") == "" {
		t.Errorf("headers %v", res.Header)
	}
}

func TestDoor_session(t *testing.T) {
	each(t, func(t *testing.T, c *cabinet, p *person) {
		if _, err := p.access.WhoAmI(t.Context(), &cabinetv1.WhoAmIRequest{}); err != nil {
			t.Error(err)
		}
		if _, err := p.access.SignOut(t.Context(), &cabinetv1.SignOutRequest{}); err != nil {
			t.Error(err)
		}
		if _, err := p.access.WhoAmI(t.Context(), &cabinetv1.WhoAmIRequest{}); connect.CodeOf(err) != connect.CodeUnauthenticated {
			t.Errorf("after signing out: %v", err)
		}
	})
}

// TestDoor_agents: without a certificate of ours nobody says a word at the agents' door.
func TestDoor_agents(t *testing.T) {
	each(t, func(t *testing.T, c *cabinet, admin *person) {
		a := enrol(t, c, admin)
		if _, err := a.Hello(t.Context(), &uplinkv1.HelloRequest{JournalId: "j"}); err != nil {
			t.Fatal(err)
		}
		bare := a.tls.Clone()
		bare.Certificates = nil
		if _, err := uplinkClient(t, bare, a.info.GetUplinkUrl()).Hello(t.Context(), &uplinkv1.HelloRequest{JournalId: "j"}); err == nil {
			t.Error("let in without a certificate")
		}
		forged := a.tls.Clone()
		forged.Certificates = []tls.Certificate{forge(t, a.id)}
		if _, err := uplinkClient(t, forged, a.info.GetUplinkUrl()).Hello(t.Context(), &uplinkv1.HelloRequest{JournalId: "j"}); err == nil {
			t.Error("let in with a certificate of another authority")
		}
		own, err := c.authority.Own()
		if err != nil {
			t.Fatal(err)
		}
		cabinets := a.tls.Clone()
		cabinets.Certificates = []tls.Certificate{own}
		if _, err := uplinkClient(t, cabinets, a.info.GetUplinkUrl()).Hello(t.Context(), &uplinkv1.HelloRequest{JournalId: "j"}); connect.CodeOf(err) != connect.CodeUnauthenticated {
			t.Errorf("the cabinet's own certificate as an agent's: %v", err)
		}
		if status, _ := call(t, admin.http, c.addresses.Cabinet+"/uplink.v1.UplinkService/Hello", nil); status != http.StatusNotFound {
			t.Errorf("the agents' service at the door of people: %d", status)
		}
		key, csr := newKey(t)
		renewed, err := a.Renew(t.Context(), &uplinkv1.RenewRequest{Csr: csr})
		if err != nil {
			t.Fatal(err)
		}
		fresh := a.tls.Clone()
		fresh.Certificates = []tls.Certificate{{Certificate: [][]byte{renewed.GetCertificate()}, PrivateKey: key}}
		if _, err := uplinkClient(t, fresh, a.info.GetUplinkUrl()).Hello(t.Context(), &uplinkv1.HelloRequest{JournalId: "j"}); err != nil {
			t.Errorf("a renewed certificate: %v", err)
		}
		me, err := admin.access.WhoAmI(t.Context(), &cabinetv1.WhoAmIRequest{})
		if err != nil {
			t.Fatal(err)
		}
		if err := c.access.Revoke(t.Context(), me.GetPerson().GetOrganisationId(), a.id, "admin"); err != nil {
			t.Fatal(err)
		}
		if _, err := a.Hello(t.Context(), &uplinkv1.HelloRequest{JournalId: "j"}); connect.CodeOf(err) != connect.CodeUnauthenticated {
			t.Errorf("revoked, and let in: %v", err)
		}
	})
}

// forge makes an agent's certificate signed by somebody else.
func forge(t *testing.T, id string) tls.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: id, OrganizationalUnit: []string{"agent"}},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}

// times are those of messages written as JSON: numbers that hold the figures of any sum at some second of some day.
var times = regexp.MustCompile(`"\w+Ms": +"\d+"`)

// TestViews_money: who has no money:view finds no sum, no goods, no buyer and no cashier in anything the cabinet says.
func TestViews_money(t *testing.T) {
	each(t, func(t *testing.T, c *cabinet, admin *person) {
		a := enrol(t, c, admin)
		a.report(t, "kassa")
		op := sample.New(4, true).Receipt()
		op.Till = "kassa"
		op.Receipt.Customer = "+79990001122"
		op.Cashier = &fiscalv1.Cashier{Name: "Кассирова", Inn: "771234567890"}
		op.Receipt.Items[0].Name = "Тайный товар"
		op.Document.Total, op.Document.Fn, op.Document.Shift, op.Amount, op.Change = 7654321, "9999078900004312", 7, 7654321, 654321
		op.Document.Qr = "t=20260304T0506&s=76543.21&fn=9999078900004312&i=1&fp=1&n=1"
		op.Text = "Пробит чек на 76 543,21 ₽ и на 76543.21"
		op.Evidence = []string{"сумма 76543.21 совпала"}
		a.push(t, 1, op)
		a.copied(t, op.GetDocument(), ffd.Text(ffd.TagCashier, "Кассирова"), ffd.Text(ffd.TagCustomer, "+79990001122"), ffd.Sum(ffd.TagTotal, 7654321),
			ffd.Group(ffd.TagItem, ffd.Text(ffd.TagName, "Тайный товар")))
		till := admin.till(t)
		if till.GetShiftTotal() == 0 && op.GetKind() == fiscalv1.Kind_KIND_SALE {
			t.Errorf("the administrator sees no revenue: %v", till)
		}
		password, err := c.access.AddPerson(t.Context(), "tech", "", "", access.Technician)
		if err != nil {
			t.Fatal(err)
		}
		tech := signIn(t, c, "tech", password)
		started, err := tech.fleet.StartCommand(t.Context(), &cabinetv1.StartCommandRequest{Id: "c1", TillId: till.GetId(), Action: fiscalv1.Action_ACTION_X_REPORT})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := a.ReportRun(t.Context(), &uplinkv1.ReportRunRequest{Run: &fiscalv1.Run{
			Id: "c1", Ended: true, Ok: true, Text: "Выручка 76543.21", Steps: []*fiscalv1.Step{{Code: "x", Title: "X-отчёт", Result: "в ящике 76 543,21 руб."}},
		}}); err != nil {
			t.Fatal(err)
		}
		said := func(p *person) string {
			var all []proto.Message
			all = append(all, started)
			keep := func(m proto.Message, err error) {
				if err != nil {
					t.Error(err)
				}
				all = append(all, m)
			}
			tills, err := p.fleet.ListTills(t.Context(), &cabinetv1.ListTillsRequest{})
			keep(tills, err)
			one, err := p.fleet.GetTill(t.Context(), &cabinetv1.GetTillRequest{Id: till.GetId()})
			keep(one, err)
			operations, err := p.documents.ListOperations(t.Context(), &cabinetv1.ListOperationsRequest{TillId: till.GetId()})
			keep(operations, err)
			documents, err := p.documents.ListDocuments(t.Context(), &cabinetv1.ListDocumentsRequest{TillId: till.GetId()})
			keep(documents, err)
			document, err := p.documents.GetDocument(t.Context(), &cabinetv1.GetDocumentRequest{Fn: op.GetDocument().GetFn(), Fd: op.GetDocument().GetFd()})
			keep(document, err)
			commands, err := p.fleet.ListCommands(t.Context(), &cabinetv1.ListCommandsRequest{TillId: till.GetId()})
			keep(commands, err)
			command, err := p.fleet.GetCommand(t.Context(), &cabinetv1.GetCommandRequest{Id: "c1"})
			keep(command, err)
			ctx, cancel := context.WithTimeout(t.Context(), patience)
			defer cancel()
			stream, err := p.fleet.Watch(ctx, &cabinetv1.WatchRequest{TillId: till.GetId()})
			if err != nil {
				t.Fatal(err)
			}
			for range 3 { // till, command, operation
				if !stream.Receive() {
					t.Fatal(stream.Err())
				}
				all = append(all, proto.Clone(stream.Msg()))
			}
			var text strings.Builder
			for _, m := range all {
				text.WriteString(protojson.Format(m))
			}
			return times.ReplaceAllString(text.String(), "")
		}
		secrets := []string{"7654321", "654321", "76543", "76 543", "Тайный", "79990001122", "Кассирова", "771234567890", "customer", "evidence", "slip", "tags"}
		if text := said(admin); !strings.Contains(text, "7654321") || !strings.Contains(text, `"slip"`) || !strings.Contains(text, "Тайный") || !strings.Contains(text, "76543.21") {
			t.Error("the administrator does not see it all")
		}
		text := said(tech)
		for _, secret := range secrets {
			if strings.Contains(text, secret) {
				t.Errorf("a technician sees %q", secret)
			}
		}
		if _, err := tech.documents.GetDocumentPDF(t.Context(), &cabinetv1.GetDocumentPDFRequest{Fn: op.GetDocument().GetFn(), Fd: op.GetDocument().GetFd()}); connect.CodeOf(err) != connect.CodePermissionDenied {
			t.Errorf("a technician is given the file: %v", err)
		}
		for _, needed := range []string{op.GetKey(), "OUTCOME_DONE", "hasCopy", "9999078900004312", "X-отчёт"} {
			if !strings.Contains(text, needed) {
				t.Errorf("a technician does not see %q", needed)
			}
		}
	})
}

// TestTenants: with everything of the first organisation known, the second reads and changes nothing of it.
func TestTenants(t *testing.T) {
	each(t, func(t *testing.T, c *cabinet, admin *person) {
		a := enrol(t, c, admin)
		a.report(t, "kassa")
		op := sample.New(4, true).Receipt()
		op.Till = "kassa"
		a.push(t, 1, op)
		till := admin.till(t)
		if _, err := admin.fleet.StartCommand(t.Context(), &cabinetv1.StartCommandRequest{Id: "c1", TillId: till.GetId(), Action: fiscalv1.Action_ACTION_CHECK}); err != nil {
			t.Fatal(err)
		}
		p := stranger(t, c)
		absent := func(what string, err error) {
			t.Helper()
			if connect.CodeOf(err) != connect.CodeNotFound {
				t.Errorf("%s: %v", what, err)
			}
		}
		tills, err := p.fleet.ListTills(t.Context(), &cabinetv1.ListTillsRequest{})
		if err != nil || len(tills.GetTills()) != 0 {
			t.Errorf("tills: %v %v", tills, err)
		}
		_, err = p.fleet.GetTill(t.Context(), &cabinetv1.GetTillRequest{Id: till.GetId()})
		absent("till", err)
		_, err = p.fleet.StartCommand(t.Context(), &cabinetv1.StartCommandRequest{Id: "c2", TillId: till.GetId(), Action: fiscalv1.Action_ACTION_CHECK})
		absent("start", err)
		_, err = p.fleet.GetCommand(t.Context(), &cabinetv1.GetCommandRequest{Id: "c1"})
		absent("command", err)
		_, err = p.documents.GetDocument(t.Context(), &cabinetv1.GetDocumentRequest{Fn: op.GetDocument().GetFn(), Fd: op.GetDocument().GetFd()})
		absent("document", err)
		a.copied(t, op.GetDocument())
		_, err = p.documents.GetDocumentPDF(t.Context(), &cabinetv1.GetDocumentPDFRequest{Fn: op.GetDocument().GetFn(), Fd: op.GetDocument().GetFd()})
		absent("file of a document", err)
		if _, err := admin.documents.GetDocumentPDF(t.Context(), &cabinetv1.GetDocumentPDFRequest{Fn: op.GetDocument().GetFn(), Fd: op.GetDocument().GetFd()}); err != nil {
			t.Errorf("the owner is not given the file: %v", err)
		}
		_, err = p.fleet.ListCommands(t.Context(), &cabinetv1.ListCommandsRequest{TillId: till.GetId()})
		absent("commands", err)
		_, err = p.documents.ListOperations(t.Context(), &cabinetv1.ListOperationsRequest{TillId: till.GetId()})
		absent("operations", err)
		_, err = p.documents.ListDocuments(t.Context(), &cabinetv1.ListDocumentsRequest{TillId: till.GetId()})
		absent("documents", err)
		ctx, cancel := context.WithTimeout(t.Context(), patience)
		defer cancel()
		stream, err := p.fleet.Watch(ctx, &cabinetv1.WatchRequest{TillId: till.GetId()})
		if err == nil {
			for stream.Receive() {
				t.Errorf("watch: %v", stream.Msg())
			}
			err = stream.Err()
		}
		absent("watch", err)
		// The same id is free for the other organisation: ids say nothing about strangers.
		b := enrol(t, c, p)
		b.report(t, "theirs")
		if _, err := p.fleet.StartCommand(t.Context(), &cabinetv1.StartCommandRequest{Id: "c1", TillId: p.till(t).GetId(), Action: fiscalv1.Action_ACTION_REOPEN_PORT}); err != nil {
			t.Errorf("their own command: %v", err)
		}
		if got, err := a.FetchCommands(t.Context(), &uplinkv1.FetchCommandsRequest{}); err != nil || len(got.GetCommands()) != 1 || got.GetCommands()[0].GetAction() != fiscalv1.Action_ACTION_CHECK {
			t.Errorf("the first agent is given %v %v", got, err)
		}
	})
}

func TestEnrol_codes(t *testing.T) {
	c, password := launch(t, settings(t, storetest.SQLite(t)))
	admin := signIn(t, c, "admin", password)
	if _, err := admin.fleet.CreateEnrolmentCode(t.Context(), &cabinetv1.CreateEnrolmentCodeRequest{Outlet: "  "}); connect.CodeOf(err) != connect.CodeInvalidArgument {
		t.Errorf("an outlet without a name: %v", err)
	}
	a := enrol(t, c, admin)
	if a.info.GetUplinkUrl() != c.addresses.Agents || a.info.GetBrokerUrl() != c.addresses.Broker {
		t.Errorf("%v", a.info)
	}
	known, err := readAddresses(c.config.Data)
	if err != nil || known != c.addresses {
		t.Errorf("addresses.json says %v: %v", known, err)
	}
}

// TestExecute: what scripts call beside a running cabinet.
func TestExecute(t *testing.T) {
	cfg := settings(t, "")
	c, _ := launch(t, cfg)
	var out, errs bytes.Buffer
	if err := execute(t.Context(), []string{"--json", "--data", cfg.Data, "enrolment-code", "--outlet", "Магазин"}, &out, &errs); err != nil {
		t.Fatal(err, errs.String())
	}
	var code struct {
		Code, Cloud string
		ExpiresMS   int64 `json:"expires_ms"`
	}
	if err := json.Unmarshal(out.Bytes(), &code); err != nil || len(code.Code) != 14 || code.Cloud != c.addresses.Cabinet || code.ExpiresMS == 0 {
		t.Errorf("%s %v", out.Bytes(), err)
	}
	out.Reset()
	if err := execute(t.Context(), []string{"--json", "--data", cfg.Data, "user", "add", "anna", "--role", "technician"}, &out, &errs); err != nil {
		t.Fatal(err, errs.String())
	}
	var made struct{ Login, Password string }
	if err := json.Unmarshal(out.Bytes(), &made); err != nil {
		t.Fatal(err)
	}
	signIn(t, c, "anna", made.Password)
	file := filepath.Join(t.TempDir(), "password")
	if err := os.WriteFile(file, []byte("another long one\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	out.Reset()
	if err := execute(t.Context(), []string{"--data", cfg.Data, "user", "passwd", "anna", "--password-file", file}, &out, &errs); err != nil {
		t.Fatal(err, errs.String())
	}
	if strings.Contains(out.String(), "another") {
		t.Error("a given password is printed")
	}
	signIn(t, c, "anna", "another long one")
}

// TestDoor_own: with a certificate of its own authority the cabinet's codes carry the fingerprint, and the cookie goes over TLS only.
func TestDoor_own(t *testing.T) {
	cfg := settings(t, storetest.SQLite(t))
	cfg.TLS.Own = true
	c, password := launch(t, cfg)
	if !strings.HasPrefix(c.addresses.Cabinet, "https://") {
		t.Fatalf("address %s", c.addresses.Cabinet)
	}
	p := browser(t, c)
	transport := &http.Transport{TLSClientConfig: &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: c.authority.Pool()}}
	t.Cleanup(transport.CloseIdleConnections)
	p.http.Transport = transport
	res, err := p.http.Post(c.addresses.Cabinet+"/cabinet.v1.AccessService/SignIn", "application/json",
		strings.NewReader(fmt.Sprintf(`{"login":"admin","password":%q}`, password)))
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if cookie := res.Header.Get("Set-Cookie"); res.StatusCode != http.StatusOK || !strings.Contains(cookie, "; Secure") {
		t.Errorf("status %d, cookie %q", res.StatusCode, cookie)
	}
	code, err := p.fleet.CreateEnrolmentCode(t.Context(), &cabinetv1.CreateEnrolmentCodeRequest{Outlet: "Магазин"})
	if err != nil {
		t.Fatal(err)
	}
	bare, pin, _ := strings.Cut(code.GetCode(), "@")
	sum := sha256.Sum256(c.authority.Certificate())
	if len(bare) != 14 || len(pin) < 20 || !strings.HasPrefix(hex.EncodeToString(sum[:]), pin) {
		t.Errorf("code %q", code.GetCode())
	}
}
