package main

import (
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"connectrpc.com/connect"

	"github.com/chekan-io/chekan/cloud/internal/config"
	"github.com/chekan-io/chekan/cloud/internal/post"
	"github.com/chekan-io/chekan/cloud/internal/store/db"
	"github.com/chekan-io/chekan/cloud/internal/store/storetest"
	cabinetv1 "github.com/chekan-io/chekan/proto/gen/cabinet/v1"
)

// messages gives what stands in the folder for a contact. Messages are sent behind an answer: it waits for one to come.
func messages(t *testing.T, c *cabinet, to string, atLeast int) (list []post.Message) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		list = nil
		files, err := os.ReadDir(c.config.PostFolder())
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			t.Fatal(err)
		}
		for _, file := range files {
			text, err := os.ReadFile(filepath.Join(c.config.PostFolder(), file.Name()))
			var m post.Message
			if err == nil && json.Unmarshal(text, &m) == nil && m.To == to { // one that is being written is read the next time
				list = append(list, m)
			}
		}
		if len(list) >= atLeast {
			return list
		}
		select {
		case <-ctx.Done():
			t.Fatalf("%d messages to %s, want %d", len(list), to, atLeast)
		case <-tick.C:
		}
	}
}

// latest is the code in the last of so many messages to a contact.
func latest(t *testing.T, c *cabinet, to string, n int) string {
	t.Helper()
	list := messages(t, c, to, n)
	return regexp.MustCompile(`\b\d{6}\b`).FindString(list[len(list)-1].Text)
}

// told gives code and reason of an answer.
func told(err error) string {
	e, ok := errors.AsType[*connect.Error](err)
	if !ok {
		return "ok"
	}
	return strings.TrimSpace(e.Code().String() + " " + e.Meta().Get("Chekan-Reason") + " " + e.Meta().Get("Chekan-Field"))
}

// TestEntrance: a new organisation signs up, comes in, and is asked for what the door asks for.
func TestEntrance(t *testing.T) {
	storetest.Addresses(t, func(t *testing.T, address string) {
		cfg := settings(t, address)
		cfg.SignUp = config.SignUpOpen
		c, admin := launch(t, cfg)
		p := browser(t, c)
		entrance, err := p.access.GetEntrance(t.Context(), &cabinetv1.GetEntranceRequest{})
		if err != nil || !entrance.GetSignUp() || entrance.GetMinLength() != 10 || entrance.GetOidc() != "" {
			t.Fatal(entrance, err)
		}
		form := &cabinetv1.StartSignUpRequest{
			Country: "ru", Kind: "owner", TaxId: "7707083893", Organisation: "ООО «Лютик»", Name: "Пётр", Email: "petr@example.ru", Phone: "8 916 123-45-67",
			Password: "Кассовый дождь над рекой", Language: "ru",
		}
		form.TaxId = "7707083894"
		if _, err := p.access.StartSignUp(t.Context(), form); !strings.Contains(told(err), "tax_id") {
			t.Errorf("a wrong tax id: %v", err)
		}
		form.TaxId = "7707083893"
		started, err := p.access.StartSignUp(t.Context(), form)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := p.access.ConfirmSignUp(t.Context(), &cabinetv1.ConfirmSignUpRequest{Ticket: started.GetAttempt().GetTicket()}); told(err) != "invalid_argument wrong phone_code" {
			t.Errorf("no codes: %s", told(err))
		}
		made, err := p.access.ConfirmSignUp(t.Context(), &cabinetv1.ConfirmSignUpRequest{
			Ticket: started.GetAttempt().GetTicket(), PhoneCode: latest(t, c, "+79161234567", 1), EmailCode: latest(t, c, "petr@example.ru", 1),
		})
		if err != nil || made.GetPerson().GetOrganisation() != "ООО «Лютик»" {
			t.Fatal(made, err)
		}
		home, err := url.Parse(c.addresses.Cabinet + "/")
		if err != nil {
			t.Fatal(err)
		}
		if cookies := p.http.Jar.Cookies(home); len(cookies) != 1 || cookies[0].Name != "chekan_session" {
			t.Errorf("cookies that go everywhere: %v", cookies)
		}
		for _, page := range []string{"/cabinet.v1.AccessService/Refresh"} {
			at := home.JoinPath(page)
			if cookies := p.http.Jar.Cookies(at); len(cookies) != 2 {
				t.Errorf("cookies of %s: %v", page, cookies)
			}
		}
		if refreshed, err := p.access.Refresh(t.Context(), &cabinetv1.RefreshRequest{}); err != nil || refreshed.GetSeconds() < 60 {
			t.Error(refreshed, err)
		}
		who, err := p.access.WhoAmI(t.Context(), &cabinetv1.WhoAmIRequest{})
		if err != nil || who.GetStanding().GetProvenUntil() == 0 || who.GetStanding().GetLanguage() != "ru" {
			t.Error(who, err)
		}
		if tills, err := p.fleet.ListTills(t.Context(), &cabinetv1.ListTillsRequest{}); err != nil || len(tills.GetTills()) != 0 {
			t.Errorf("tills of a new organisation: %v %v", tills, err)
		}

		// Two browsers: one signs the other out.
		other := signIn(t, c, "+7 (916) 123-45-67", form.GetPassword())
		devices, err := p.access.ListDevices(t.Context(), &cabinetv1.ListDevicesRequest{})
		if err != nil || len(devices.GetDevices()) != 2 {
			t.Fatal(devices, err)
		}
		for _, d := range devices.GetDevices() {
			if !d.GetCurrent() {
				if _, err := p.access.RevokeDevice(t.Context(), &cabinetv1.RevokeDeviceRequest{Id: d.GetId()}); err != nil {
					t.Fatal(err)
				}
			}
		}
		if _, err := other.access.WhoAmI(t.Context(), &cabinetv1.WhoAmIRequest{}); told(err) != "unauthenticated" {
			t.Errorf("the other browser: %s", told(err))
		}
		if _, err := other.access.Refresh(t.Context(), &cabinetv1.RefreshRequest{}); told(err) != "unauthenticated" {
			t.Errorf("the other browser exchanges: %s", told(err))
		}

		// A dangerous act, long after the sign-in.
		ids := devices.GetDevices()
		for _, d := range ids {
			if err := c.store.Write().ProveDevice(t.Context(), db.ProveDeviceParams{ID: d.GetId(), ProvenAt: 0}); err != nil {
				t.Fatal(err)
			}
		}
		revoke := func() string {
			_, err := p.fleet.RevokeAgent(t.Context(), &cabinetv1.RevokeAgentRequest{AgentId: "none"})
			return told(err)
		}
		if got := revoke(); got != "failed_precondition prove" {
			t.Errorf("without a proof: %s", got)
		}
		if _, err := p.access.BeginTOTP(t.Context(), &cabinetv1.BeginTOTPRequest{}); told(err) != "failed_precondition prove" {
			t.Errorf("a second factor without a proof: %s", told(err))
		}
		if _, err := p.access.Prove(t.Context(), &cabinetv1.ProveRequest{Answer: &cabinetv1.ProveRequest_Password{Password: "x"}}); told(err) != "permission_denied wrong password" {
			t.Errorf("a wrong password: %s", told(err))
		}
		if _, err := p.access.Prove(t.Context(), &cabinetv1.ProveRequest{Answer: &cabinetv1.ProveRequest_Password{Password: form.GetPassword()}}); err != nil {
			t.Fatal(err)
		}
		if got := revoke(); strings.Contains(got, "prove") {
			t.Errorf("with a proof: %s", got)
		}

		// The organisation wants a second factor: nothing answers but the account itself.
		if err := c.store.Write().SetFactorRequired(t.Context(), db.SetFactorRequiredParams{ID: made.GetPerson().GetOrganisationId(), FactorRequired: 1}); err != nil {
			t.Fatal(err)
		}
		if _, err := p.fleet.ListTills(t.Context(), &cabinetv1.ListTillsRequest{}); told(err) != "failed_precondition factor" {
			t.Errorf("without a second factor: %s", told(err))
		}
		if who, err := p.access.WhoAmI(t.Context(), &cabinetv1.WhoAmIRequest{}); err != nil || !who.GetStanding().GetFactorDue() {
			t.Error(who, err)
		}
		if _, err := p.access.BeginTOTP(t.Context(), &cabinetv1.BeginTOTPRequest{}); err != nil {
			t.Error(err)
		}

		// Forgotten password: nobody learns who is known, and every session ends.
		for _, login := range []string{"petr@example.ru", "nobody@example.ru"} {
			reset, err := p.access.StartReset(t.Context(), &cabinetv1.StartResetRequest{Login: login})
			if err != nil {
				t.Fatal(err)
			}
			code := "123456"
			if login == "petr@example.ru" {
				code = latest(t, c, login, 2)
			}
			_, err = p.access.FinishReset(t.Context(), &cabinetv1.FinishResetRequest{Ticket: reset.GetAttempt().GetTicket(), Code: code, Password: "Новый дождь над морем"})
			if want := map[bool]string{true: "ok", false: "invalid_argument wrong code"}[login == "petr@example.ru"]; told(err) != want {
				t.Errorf("%s: %s", login, told(err))
			}
		}
		if _, err := p.access.WhoAmI(t.Context(), &cabinetv1.WhoAmIRequest{}); told(err) != "unauthenticated" {
			t.Errorf("after a reset: %s", told(err))
		}
		signIn(t, c, "admin", admin) // the free login of the first start
	})
}

// TestEntrance_cookies: what the browser is told about the cookies, and that sign-up is closed unless it is opened.
func TestEntrance_cookies(t *testing.T) {
	c, password := launch(t, settings(t, storetest.SQLite(t)))
	body := strings.NewReader(`{"login":"admin","password":"` + password + `","remember":true}`)
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, c.addresses.Cabinet+"/cabinet.v1.AccessService/SignIn", body)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	paths := map[string]string{}
	for _, k := range res.Cookies() {
		paths[k.Name] = k.Path
		if !k.HttpOnly || k.SameSite != http.SameSiteStrictMode || k.MaxAge <= 0 {
			t.Errorf("%s", k)
		}
	}
	if len(paths) != 2 || paths["chekan_session"] != "/" || paths["chekan_device"] != "/cabinet.v1.AccessService/" {
		t.Errorf("%v", paths)
	}
	if _, err := browser(t, c).access.StartSignUp(t.Context(), &cabinetv1.StartSignUpRequest{}); told(err) != "failed_precondition closed" {
		t.Errorf("sign-up: %s", told(err))
	}
	res, err = http.Get(c.addresses.Cabinet + "/oidc/start")
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if res.Request.URL.Path != "/sign-in" || res.Request.URL.Query().Get("error") != "oidc" {
		t.Errorf("a sign-in elsewhere that there is not leads to %s", res.Request.URL)
	}
}
