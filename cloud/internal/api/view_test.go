package api

import (
	"testing"

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
