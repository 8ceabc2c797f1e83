package api

import (
	"strings"
	"testing"
	"time"

	"github.com/chekan-io/chekan/cloud/internal/access"
	"github.com/chekan-io/chekan/cloud/internal/documents"
	cabinetv1 "github.com/chekan-io/chekan/proto/gen/cabinet/v1"
	fiscalv1 "github.com/chekan-io/chekan/proto/gen/fiscal/v1"
)

func TestOFDTrack(t *testing.T) {
	const unknown, queued, delivered = fiscalv1.OFDTrack_OFD_TRACK_UNSPECIFIED, fiscalv1.OFDTrack_OFD_TRACK_QUEUED, fiscalv1.OFDTrack_OFD_TRACK_DELIVERED
	op := func(fn string, fd uint32, ended int64) *fiscalv1.Operation {
		return &fiscalv1.Operation{EndedMs: ended, Document: &fiscalv1.Document{Fn: fn, Fd: fd}}
	}
	till := func(unsent, first uint32) *fiscalv1.TillState {
		return &fiscalv1.TillState{Fn: "1", ReadMs: 100, Unsent: unsent, UnsentFd: first}
	}
	for _, c := range []struct {
		name string
		op   *fiscalv1.Operation
		till *fiscalv1.TillState
		want fiscalv1.OFDTrack
	}{
		{"before the first unconfirmed", op("1", 4, 50), till(2, 5), delivered},
		{"the first unconfirmed", op("1", 5, 50), till(2, 5), queued},
		{"behind it", op("1", 6, 50), till(2, 5), queued},
		{"nothing waits", op("1", 6, 50), till(0, 0), delivered},
		{"made after the till was read", op("1", 6, 150), till(0, 0), unknown},
		{"of another fiscal memory", op("2", 6, 50), till(0, 0), unknown},
		{"no document", &fiscalv1.Operation{EndedMs: 50}, till(0, 0), unknown},
		{"a till that is gone", op("1", 6, 50), nil, unknown},
		{"refused, as the agent said", &fiscalv1.Operation{Ofd: fiscalv1.OFDTrack_OFD_TRACK_REFUSED, Document: &fiscalv1.Document{Fn: "1", Fd: 2}}, till(0, 0), fiscalv1.OFDTrack_OFD_TRACK_REFUSED},
	} {
		if got := ofdTrack(c.op, c.till); got != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
	}
}

// A document that no operation of ours made goes to its operator like any other.
func TestDocumentView_foreign(t *testing.T) {
	d := documents.Document{TillID: "t", Document: &fiscalv1.Document{Fn: "1", Fd: 4}, Stored: time.UnixMilli(50)}
	till := &fiscalv1.TillState{Fn: "1", ReadMs: 100, Unsent: 2, UnsentFd: 5}
	if v := documentView(&access.Person{}, d, till); v.GetOfd() != fiscalv1.OFDTrack_OFD_TRACK_DELIVERED || v.GetKey() != "" {
		t.Errorf("%v", v)
	}
	d.Stored = time.UnixMilli(150)
	if v := documentView(&access.Person{}, d, till); v.GetOfd() != fiscalv1.OFDTrack_OFD_TRACK_UNSPECIFIED {
		t.Errorf("the till was read before: %v", v)
	}
}

// Who may not see money sees what has to be decided all the same: evidence and candidates without sums.
func TestOperationView_undecided(t *testing.T) {
	op := &fiscalv1.Operation{
		Key: "k", Stage: fiscalv1.Stage_STAGE_NEEDS_PERSON, Receipt: &fiscalv1.Receipt{}, Cashier: &fiscalv1.Cashier{Name: "Иванова"},
		Evidence:   []string{"до операции: ФН 9999, ФД 12, смена 3", "ФД 13: форма 3, признак 1, сумма 7654.32, 2026-03-04T05:06", "на кассе открыт чужой документ на 7654.32"},
		Candidates: []*fiscalv1.Document{{Fn: "9999", Fd: 13, Fp: 77, Type: 3, Total: 765432, Qr: "s=7654.32", At: "2026-03-04T05:06"}},
	}
	blind := operationView(&access.Person{Rights: []access.Right{access.Technician.In("", "")}}, documents.Operation{TillID: "t", Operation: op}, nil).GetOperation()
	if text := blind.String(); strings.Contains(text, "7654") || strings.Contains(text, "Иванова") {
		t.Errorf("sums or names in %s", text)
	}
	if len(blind.GetEvidence()) != 3 || len(blind.GetCandidates()) != 1 || blind.GetCandidates()[0].GetFd() != 13 || blind.GetEvidence()[0] != op.GetEvidence()[0] {
		t.Errorf("nothing left to decide by: %v", blind)
	}
	command := &cabinetv1.Command{Id: "c", Decision: &fiscalv1.Decision{Key: "k", Fd: 13, Reason: "на ленте 7654,32 ₽"}}
	if got := commandView(&access.Person{Rights: []access.Right{access.Technician.In("", "")}}, command); strings.Contains(got.String(), "7654") || got.GetDecision().GetFd() != 13 {
		t.Errorf("the reason tells the sum: %v", got)
	}
	if got := commandView(&access.Person{Rights: []access.Right{access.Administrator.In("", "")}}, command); got.GetDecision().GetReason() != "на ленте 7654,32 ₽" {
		t.Errorf("the reason is lost: %v", got)
	}
}
