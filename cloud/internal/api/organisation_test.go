package api

import (
	"errors"
	"log/slog"
	"testing"

	"connectrpc.com/connect"
	"github.com/google/go-cmp/cmp"

	"github.com/chekan-io/chekan/cloud/internal/people"
)

// TestRefusal: a refusal of package people keeps its reason, field and values on the way out, whatever kind it is.
func TestRefusal(t *testing.T) {
	s := &Server{Log: slog.New(slog.DiscardHandler)}
	for _, kind := range []struct {
		err  error
		code connect.Code
	}{
		{people.ErrNotFound, connect.CodeNotFound},
		{people.ErrInvalid, connect.CodeInvalidArgument},
		{people.ErrConflict, connect.CodeFailedPrecondition},
		{people.ErrDenied, connect.CodePermissionDenied},
		{people.ErrOften, connect.CodeResourceExhausted},
	} {
		err := s.outward(t.Context(), "/cabinet.v1.OrganisationService/UpdateOrganisation", &people.Refusal{
			Kind: kind.err, Reason: "taxid_check", Field: "tax_id", Args: map[string]string{"name": "ИНН", "place": "10"},
		})
		e, ok := errors.AsType[*connect.Error](err)
		if !ok || e.Code() != kind.code {
			t.Errorf("%v: %v, want %v", kind.err, err, kind.code)
			continue
		}
		got := []string{e.Meta().Get("Chekan-Reason"), e.Meta().Get("Chekan-Field"), e.Meta().Get("Chekan-Args")}
		if d := cmp.Diff([]string{"taxid_check", "tax_id", "name=%D0%98%D0%9D%D0%9D&place=10"}, got); d != "" {
			t.Error(d)
		}
	}
}

// TestMicros: a moment out of bounds becomes one that is refused, and zero stays "never".
func TestMicros(t *testing.T) {
	for ms, want := range map[int64]int64{0: 0, 1: 1000, -1: -1, 1 << 62: -1, 1_772_600_000_000: 1_772_600_000_000_000} {
		if got := micros(ms); got != want {
			t.Errorf("micros(%d) = %d, want %d", ms, got, want)
		}
	}
}

// TestContactsView: whom nobody can reach is not named, and each way alone is enough.
func TestContactsView(t *testing.T) {
	for _, c := range []people.Contacts{{}, {Name: "ЦТО «Мастер»"}, {Name: "ЦТО «Мастер»", Hours: "пн–пт"}} {
		if v := contactsView(c); v != nil {
			t.Errorf("%+v: %v", c, v)
		}
	}
	for _, c := range []people.Contacts{{Phone: "+78432001020"}, {Name: "ЦТО «Мастер»", Email: "help@master.example", Hours: "пн–пт"}} {
		v := contactsView(c)
		if d := cmp.Diff(c, people.Contacts{Name: v.GetName(), Email: v.GetEmail(), Phone: v.GetPhone(), Hours: v.GetHours()}); d != "" {
			t.Error(d)
		}
	}
}
