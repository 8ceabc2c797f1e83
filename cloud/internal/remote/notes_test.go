package remote

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	cabinetv1 "github.com/chekan-io/chekan/proto/gen/cabinet/v1"
	fiscalv1 "github.com/chekan-io/chekan/proto/gen/fiscal/v1"
)

func TestNotes(t *testing.T) {
	both(t, func(t *testing.T, w *world) {
		till := w.till(t, "o1", "a", nil)
		anna, boris := w.people["anna"], w.people["boris"]
		heard := 0
		w.Written = func(_ context.Context, organisation string, n *cabinetv1.Note) {
			if organisation == "o1" && n.GetTillId() == till {
				heard++
			}
		}
		for i := range 3 {
			for range 2 { // a double click
				n, err := w.Write(t.Context(), boris, "o1", Draft{ID: fmt.Sprint("n", i), TillID: till, Text: fmt.Sprintf("  <b>%d</b>\r\nжду ", i)})
				if err != nil || n.GetText() != fmt.Sprintf("<b>%d</b>\nжду", i) || n.GetAuthor() != "Борис" || n.GetOrganisation() != "o2" || !n.GetMine() {
					t.Fatalf("%v %v", n, err)
				}
			}
			w.clock.Pass(time.Second)
		}
		if heard != 3 {
			t.Errorf("told of %d notes", heard)
		}
		unread := func(who string) uint32 {
			t.Helper()
			counts, err := w.Unread(t.Context(), w.people[who], "o1")
			if err != nil {
				t.Fatal(err)
			}
			return counts[till]
		}
		if unread("anna") != 3 || unread("boris") != 0 {
			t.Errorf("anna has %d unread, boris %d", unread("anna"), unread("boris"))
		}
		thread, err := w.Notes(t.Context(), anna, "o1", till, "", 2)
		if err != nil || len(thread.Notes) != 2 || thread.Notes[0].GetId() != "n2" || !thread.More || thread.Notes[0].GetMine() {
			t.Fatalf("%+v %v", thread, err)
		}
		rest, err := w.Notes(t.Context(), anna, "o1", till, "n1", 2)
		if err != nil || len(rest.Notes) != 1 || rest.Notes[0].GetId() != "n0" || rest.More {
			t.Errorf("%+v %v", rest, err)
		}
		if err := w.MarkRead(t.Context(), anna, "o1", till, "n1"); err != nil || unread("anna") != 1 {
			t.Errorf("%v, %d unread", err, unread("anna"))
		}
		if err := w.MarkRead(t.Context(), anna, "o1", till, "n0"); err != nil || unread("anna") != 1 {
			t.Errorf("a mark went back: %v, %d unread", err, unread("anna"))
		}
		thread, err = w.Notes(t.Context(), boris, "o1", till, "", 50)
		if err != nil || len(thread.Readers) != 1 || thread.Readers[0].GetName() != "Анна" {
			t.Errorf("who has read: %+v %v", thread.Readers, err)
		}
	})
}

func TestWrite_bad(t *testing.T) {
	both(t, func(t *testing.T, w *world) {
		till, other := w.till(t, "o1", "a", nil), w.till(t, "o1", "b", nil)
		anna := w.people["anna"]
		if _, err := w.fleet.Start(t.Context(), anna, "c1", till, fiscalv1.Action_ACTION_CHECK, false); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write(t.Context(), anna, "o1", Draft{ID: "n1", TillID: till, Text: "вот", About: AboutCommand, AboutID: "c1"}); err != nil {
			t.Fatal(err)
		}
		for name, c := range map[string]struct {
			d    Draft
			want error
		}{
			"no id":                    {Draft{TillID: till, Text: "a"}, ErrInvalid},
			"nothing":                  {Draft{ID: "x", TillID: till, Text: " \n "}, ErrInvalid},
			"too much":                 {Draft{ID: "x", TillID: till, Text: strings.Repeat("я", maxNote+1)}, ErrInvalid},
			"a zero":                   {Draft{ID: "x", TillID: till, Text: "a\x00b"}, ErrInvalid},
			"about something else":     {Draft{ID: "x", TillID: till, Text: "a", About: "person", AboutID: "anna"}, ErrInvalid},
			"about another till's":     {Draft{ID: "x", TillID: other, Text: "a", About: AboutCommand, AboutID: "c1"}, ErrInvalid},
			"about a bundle not there": {Draft{ID: "x", TillID: till, Text: "a", About: AboutBundle, AboutID: "c1"}, ErrInvalid},
			"about a ticket not there": {Draft{ID: "x", TillID: till, Text: "a", About: AboutTicket, AboutID: "t1"}, ErrInvalid},
			"an id without a kind":     {Draft{ID: "x", TillID: till, Text: "a", AboutID: "c1"}, ErrInvalid},
			"an id of another note":    {Draft{ID: "n1", TillID: till, Text: "другое"}, ErrConflict},
			"an id of another's":       {Draft{ID: "n1", TillID: other, Text: "вот"}, ErrConflict},
		} {
			if _, err := w.Write(t.Context(), anna, "o1", c.d); !errors.Is(err, c.want) {
				t.Errorf("%s: %v", name, err)
			}
		}
		if err := w.MarkRead(t.Context(), anna, "o1", other, "n1"); !errors.Is(err, ErrNotFound) {
			t.Errorf("a note of another till was read: %v", err)
		}
		if _, err := w.Notes(t.Context(), anna, "o1", other, "n1", 1); !errors.Is(err, ErrNotFound) {
			t.Errorf("behind a note of another till: %v", err)
		}
	})
}
