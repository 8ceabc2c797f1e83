package main

import (
	"regexp"
	"strings"
	"testing"

	"connectrpc.com/connect"

	"github.com/chekan-io/chekan/cloud/internal/access"
	"github.com/chekan-io/chekan/cloud/internal/config"
	"github.com/chekan-io/chekan/cloud/internal/store/storetest"
	cabinetv1 "github.com/chekan-io/chekan/proto/gen/cabinet/v1"
	"github.com/chekan-io/chekan/proto/gen/cabinet/v1/cabinetv1connect"
)

func (p *person) organisations(c *cabinet) cabinetv1connect.OrganisationServiceClient {
	return cabinetv1connect.NewOrganisationServiceClient(p.http, c.addresses.Cabinet, connect.WithProtoJSON())
}

// signUp founds an organisation with the codes of its messages.
func signUp(t *testing.T, c *cabinet, form *cabinetv1.StartSignUpRequest) *person {
	t.Helper()
	p := browser(t, c)
	started, err := p.access.StartSignUp(t.Context(), form)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.access.ConfirmSignUp(t.Context(), &cabinetv1.ConfirmSignUpRequest{
		Ticket: started.GetAttempt().GetTicket(), PhoneCode: latest(t, c, form.GetPhone(), 1), EmailCode: latest(t, c, form.GetEmail(), 1),
	}); err != nil {
		t.Fatal(err)
	}
	return p
}

// TestPartnerCode: the code of a service centre given at sign-up offers it the new organisation's tills and gives it none until the owner does; a
// code nobody has is refused before anything is sent.
func TestPartnerCode(t *testing.T) {
	storetest.Addresses(t, func(t *testing.T, address string) {
		ctx, cfg := t.Context(), settings(t, address)
		cfg.SignUp = config.SignUpOpen
		c, _ := launch(t, cfg)
		const password = "Кассовый дождь над рекой"
		centre := signUp(t, c, &cabinetv1.StartSignUpRequest{
			Country: "ru", Kind: access.KindService, TaxId: "500100732259", Organisation: "ИП Мастеров", Name: "Тимофей", Email: "master@example.ru", Phone: "+79267654321",
			Password: password, Language: "ru",
		})
		own, err := centre.organisations(c).GetOrganisation(ctx, &cabinetv1.GetOrganisationRequest{})
		if err != nil || own.GetOrganisation().GetPartnerCode() == "" {
			t.Fatal(own, err)
		}
		form := &cabinetv1.StartSignUpRequest{
			Country: "ru", Kind: access.KindOwner, TaxId: "7707083893", Organisation: "ООО «Лютик»", Name: "Пётр", Email: "petr@example.ru", Phone: "+79161234567",
			Password: password, Language: "ru", PartnerCode: "AAAA-AAAA",
		}
		if _, err := browser(t, c).access.StartSignUp(ctx, form); told(err) != "invalid_argument partner partner_code" {
			t.Errorf("a code that nobody has: %s", told(err))
		}
		form.PartnerCode = strings.ToLower(own.GetOrganisation().GetPartnerCode()) // as people type
		owner := signUp(t, c, form)
		if n := len(messages(t, c, form.GetEmail(), 1)); n != 1 {
			t.Errorf("%d letters, want the one of the sign-up that went on", n)
		}
		a := enrol(t, c, owner)
		a.report(t, "kassa")
		till := owner.till(t).GetId()
		look := func() error {
			_, err := centre.fleet.GetTill(ctx, &cabinetv1.GetTillRequest{Id: till})
			return err
		}
		grants := func(p *person) []*cabinetv1.Grant {
			t.Helper()
			res, err := p.organisations(c).ListGrants(ctx, &cabinetv1.ListGrantsRequest{})
			if err != nil {
				t.Fatal(err)
			}
			return res.GetGrants()
		}
		offered := grants(owner)
		if len(offered) != 1 || offered[0].GetState() != cabinetv1.GrantState_GRANT_STATE_OFFERED || offered[0].GetParty() != "ИП Мастеров" {
			t.Fatalf("%v", offered)
		}
		if err := look(); connect.CodeOf(err) != connect.CodeNotFound {
			t.Errorf("what was only offered: %v", err)
		}
		if _, err := centre.organisations(c).AcceptGrant(ctx, &cabinetv1.AcceptGrantRequest{Id: offered[0].GetId()}); err == nil {
			t.Error("the service centre gave it to itself")
		}
		if _, err := owner.organisations(c).AcceptGrant(ctx, &cabinetv1.AcceptGrantRequest{Id: offered[0].GetId()}); err != nil {
			t.Fatal(err)
		}
		if err := look(); err != nil {
			t.Errorf("what was given: %v", err)
		}
	})
}

// TestInvited: the link of an invitation lets in whom it was sent to, once, with the rights it was made with. One that was guessed, used, sent
// anew or taken back opens nothing, and all of them are answered alike.
func TestInvited(t *testing.T) {
	each(t, func(t *testing.T, c *cabinet, admin *person) {
		ctx := t.Context()
		const password = "Кассовый дождь над рекой"
		invite := func(to string) (id, secret string) {
			t.Helper()
			made, err := admin.organisations(c).InvitePerson(ctx, &cabinetv1.InvitePersonRequest{
				Recipient: to, Name: "Иван", Lang: "ru", Assignments: []*cabinetv1.Assignment{{Role: string(access.Viewer)}},
			})
			if err != nil {
				t.Fatal(err)
			}
			list := messages(t, c, to, 1)
			return made.GetInvitation().GetId(), regexp.MustCompile(`/invite/(\S+)`).FindStringSubmatch(list[len(list)-1].Text)[1]
		}
		accept := func(secret, name, password string) (*person, error) {
			p := browser(t, c)
			_, err := p.access.AcceptInvitation(ctx, &cabinetv1.AcceptInvitationRequest{Token: secret, Name: name, Password: password, Language: "ru"})
			return p, err
		}
		_, guessErr := accept("AAAAAAAAAAAAAAAAAAAAAAAAAA", "Иван", password)
		closed := func(what, secret string) {
			t.Helper()
			if _, err := accept(secret, "Иван", password); told(err) != told(guessErr) || err.Error() != guessErr.Error() || told(err) == "ok" {
				t.Errorf("%s: %v, guessed: %v", what, err, guessErr)
			}
			if _, err := browser(t, c).access.GetInvitation(ctx, &cabinetv1.GetInvitationRequest{Token: secret}); err == nil {
				t.Errorf("%s is told who invites", what)
			}
		}
		_, secret := invite("ivan@example.ru")
		if _, err := accept(secret, "Иван", "12345"); err == nil {
			t.Fatal("a password that is none was taken")
		}
		ivan, err := accept(secret, "Иван", password)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := ivan.organisations(c).InvitePerson(ctx, &cabinetv1.InvitePersonRequest{
			Recipient: "petr@example.ru", Lang: "ru", Assignments: []*cabinetv1.Assignment{{Role: string(access.Administrator)}},
		}); connect.CodeOf(err) != connect.CodePermissionDenied {
			t.Errorf("a viewer invites: %v", err)
		}
		closed("one that was used", secret)
		id, taken := invite("olga@example.ru")
		if _, err := admin.organisations(c).RevokeInvitation(ctx, &cabinetv1.RevokeInvitationRequest{Id: id}); err != nil {
			t.Fatal(err)
		}
		closed("one that was taken back", taken)
		if list, err := admin.organisations(c).ListPeople(ctx, &cabinetv1.ListPeopleRequest{}); err != nil || len(list.GetPeople()) != 2 {
			t.Errorf("people: %v %v", list, err)
		}
	})
}
