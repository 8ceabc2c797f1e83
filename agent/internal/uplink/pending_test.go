package uplink

import (
	"context"
	"os"
	"strings"
	"testing"
	"time"
)

func TestUseLeftCode(t *testing.T) {
	t.Run("no code", func(t *testing.T) {
		a := start(t, t.TempDir(), openJournal(t, t.TempDir()), &tills{})
		if err := a.UseLeftCode(t.Context()); err != nil || a.Identity() != nil {
			t.Errorf("%v %v", err, a.Identity())
		}
	})
	t.Run("a good one", func(t *testing.T) {
		cab, dir := newCabinet(t), t.TempDir()
		a := start(t, dir, openJournal(t, t.TempDir()), &tills{})
		if err := LeaveCode(dir, cab.url(), cab.code()); err != nil {
			t.Fatal(err)
		}
		if fi, err := os.Stat(leftFile(dir)); err != nil || fi.Mode().Perm() != 0o600 {
			t.Errorf("%v %v", fi, err)
		}
		if err := a.UseLeftCode(t.Context()); err != nil {
			t.Fatal(err)
		}
		if id := a.Identity(); id == nil || id.AgentID != "agent-1" {
			t.Errorf("%+v", id)
		}
		gone(t, dir)
	})
	t.Run("a bad one is not kept", func(t *testing.T) {
		cab, dir := newCabinet(t), t.TempDir()
		a := start(t, dir, openJournal(t, t.TempDir()), &tills{})
		if err := LeaveCode(dir, cab.url(), strings.Replace(cab.code(), "K7QF", "AAAA", 1)); err != nil {
			t.Fatal(err)
		}
		if err := a.UseLeftCode(t.Context()); err != nil || a.Identity() != nil {
			t.Errorf("%v %v", err, a.Identity())
		}
		gone(t, dir)
	})
	t.Run("nobody answers: it waits for the next start", func(t *testing.T) {
		cab, dir := newCabinet(t), t.TempDir()
		a := start(t, dir, openJournal(t, t.TempDir()), &tills{})
		if err := LeaveCode(dir, "https://127.0.0.1:1", cab.code()); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := a.UseLeftCode(ctx); err != nil {
			t.Fatal(err)
		}
		if _, err := os.Stat(leftFile(dir)); err != nil {
			t.Error(err)
		}
	})
	t.Run("damaged", func(t *testing.T) {
		dir := t.TempDir()
		a := start(t, dir, openJournal(t, t.TempDir()), &tills{})
		if err := os.WriteFile(leftFile(dir), []byte("{"), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := a.UseLeftCode(t.Context()); err != nil {
			t.Fatal(err)
		}
		gone(t, dir)
	})
}

func gone(t *testing.T, dir string) {
	t.Helper()
	if _, err := os.Stat(leftFile(dir)); !os.IsNotExist(err) {
		t.Errorf("the code is still there: %v", err)
	}
}

func TestLeaveCode_form(t *testing.T) {
	for _, c := range []struct{ cloud, code, want string }{
		{"", "K7QF-9M2P", "и адрес"},
		{"https://cabinet.example", "", "и код"},
		{"http://cabinet.example", "K7QF-9M2P", "без шифрования"},
		{"https://cabinet.example", "K7QF-9M2P@abcd", "не полностью"},
	} {
		dir := t.TempDir()
		if err := LeaveCode(dir, c.cloud, c.code); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%q %q: %v", c.cloud, c.code, err)
		}
		gone(t, dir)
	}
}
