package bundle

import (
	"archive/zip"
	"bytes"
	"context"
	"io"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/chekan-io/chekan/drivers/shtrih"
	fiscalv1 "github.com/chekan-io/chekan/proto/gen/fiscal/v1"
	uplinkv1 "github.com/chekan-io/chekan/proto/gen/uplink/v1"
	protocol "github.com/chekan-io/chekan/protocol/shtrih"
	sim "github.com/chekan-io/chekan/sim/shtrih"
)

// desk makes tickets of what the ladder calls with, as the uplink does.
type desk struct {
	s     *shop
	t     *testing.T
	clean *fiscalv1.Run
	sent  []byte // OpenTicketRequest without its bundle: what is packed is looked at unpacked, for packed it is as good as random
	zip   []byte
}

func (d *desk) Call(ctx context.Context, run *fiscalv1.Run, _, text string) (id, said string, err error) {
	// What a driver of tomorrow might say of an operation.
	run.Steps = append(run.Steps, &fiscalv1.Step{
		Code: "tomorrow", Title: "Завтра", Result: "Чек на 51098.75 за «Яблоки сезонные» кассира Иванова Мария (500100732259) для +79161234567 не пробит.",
	})
	d.zip, d.clean, err = ForTicket(ctx, Source{
		Version: "test", Now: time.Now(), Tills: []Till{{Name: tillName, Driver: "shtrih", Box: d.s.boxFile()}},
		Journal: d.s.journal, States: d.s.fleet.States(), Log: d.s.log.Name(), Config: map[string]any{"data": "/var/lib/chekan"},
	}, run)
	if err != nil {
		d.t.Error(err)
		return "", "", err
	}
	d.sent, err = proto.Marshal(&uplinkv1.OpenTicketRequest{Id: "7QF9-M2PK", Till: run.GetTill(), Run: d.clean, Text: text})
	return "7QF9-M2PK", "Заявка отправлена.", err
}

// TestTicket_tellsNothing scans every byte of a ticket: its message, and its bundle unpacked.
func TestTicket_tellsNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := open(t, sim.Options{}, shtrih.Options{})
		s.openShift()
		s.submit(sale("done"))
		d := &desk{s: s, t: t}
		s.fleet.SetDesk(d)
		// The fate of the next one is not known, and the till is gone for good.
		s.device.Plan().Add(sim.Fault{Command: protocol.CodeCloseReceiptV2, Phase: sim.After, Action: sim.PowerCut, For: 24 * time.Hour})
		s.submit(sale("doubt"))
		run, err := s.fleet.Act(t.Context(), "r1", tillName, fiscalv1.Action_ACTION_RECOVER, func(*fiscalv1.Run) {})
		if err != nil || run.GetOk() || run.GetTicket() != "7QF9-M2PK" {
			t.Fatalf("%v %v", run, err)
		}
		parts := s.unsigned(append([][]byte{d.sent}, unpacked(t, d.zip)...))
		for what, form := range allForms() {
			if holds(parts, form) {
				t.Errorf("the ticket holds %s", what)
			}
		}
		last := d.clean.GetSteps()[len(d.clean.GetSteps())-1]
		if want := "Чек на • за «•» кассира • (•) для • не пробит."; last.GetResult() != want {
			t.Errorf("scrubbed to %q, want %q", last.GetResult(), want)
		}
		if got := d.clean.GetSteps()[0]; got.GetTitle() == "" || got.GetResult() == "" {
			t.Errorf("too much was cut: %v", got)
		}
		if len(parts) < 6 || !holds(parts, []byte("doubt")) || !holds(parts, []byte("wire")) {
			t.Errorf("a bundle of %d parts", len(parts))
		}
	})
}

func unpacked(t *testing.T, file []byte) (parts [][]byte) {
	t.Helper()
	z, err := zip.NewReader(bytes.NewReader(file), int64(len(file)))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range z.File {
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		parts = append(parts, []byte(f.Name), text)
		if strings.HasPrefix(f.Name, wireFolder) {
			records, err := readTranscript(bytes.NewReader(text))
			if err != nil {
				t.Fatal(err)
			}
			parts = append(parts, streams(records)...)
		}
	}
	return parts
}
