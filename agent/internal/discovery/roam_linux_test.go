package discovery_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chekan-io/chekan/agent/internal/config"
	"github.com/chekan-io/chekan/agent/internal/health"
	"github.com/chekan-io/chekan/drivers/wire"
	fiscalv1 "github.com/chekan-io/chekan/proto/gen/fiscal/v1"
	"github.com/chekan-io/chekan/protocol/fiscal"
	"github.com/chekan-io/chekan/protocol/shtrih"
	sim "github.com/chekan-io/chekan/sim/shtrih"
)

const (
	fnA = "9999078902000111"
	fnB = "9999078902000222"
)

// The cable comes out in the middle of a sale, after the fiscal memory has the
// receipt, and goes into another socket. The till is found there, and the sale is
// settled there: done, once.
func TestReplug_cutSale(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name  string
		phase sim.Phase
		done  bool // the fiscal memory has the receipt
	}{
		{"the receipt is in the memory", sim.OnCommit, true},
		{"the command never came to its effect", sim.OnReceive, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := newShop(t)
			d := newTill(t, 111, fnA)
			_, out := s.plug(t, "ttyUSB0", d)
			a := s.start(t, shtrihTill("k", s.serial("ttyUSB0")))
			a.online(t, "k")
			a.openShift(t, "k")
			scanner := s.decoy(t, "ttyUSB1", nil)
			d.Plan().Add(sim.Fault{Command: shtrih.CodeCloseReceiptV2, Phase: c.phase, Action: sim.CloseLink})
			asked := make(chan *fiscalv1.Operation, 1)
			go func() {
				op, err := a.Submit(t.Context(), sale("cut", "k"), patience)
				if err != nil {
					t.Errorf("submit: %v", err)
				}
				asked <- op
			}()
			<-out
			s.plug(t, "ttyUSB2", d)
			got := <-asked
			want := fiscalv1.Outcome_OUTCOME_NOT_DONE
			if c.done {
				want = fiscalv1.Outcome_OUTCOME_DONE
			}
			if got.GetOutcome() != want {
				t.Errorf("outcome %v: %s %v", got.GetOutcome(), got.GetText(), got.GetEvidence())
			}
			if got.GetOutcome() == fiscalv1.Outcome_OUTCOME_NOT_DONE {
				a.online(t, "k")
				a.done(t, sale("cut", "k"))
			}
			if n := receipts(d); n != 1 {
				t.Errorf("the fiscal memory has %d receipts", n)
			}
			if at := a.at("k"); at != s.path("ttyUSB2") {
				t.Errorf("the till is thought at %s", at)
			}
			for _, b := range scanner.bytes() {
				if b != 0x05 {
					t.Fatalf("another device heard % X while a till of Shtrih-M was looked for", scanner.bytes())
				}
			}
		})
	}
}

// Another device took the name of the till's port: not a byte to it.
func TestReplug_nameTaken(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	d := newTill(t, 111, fnA)
	printer := wire.Port{Vendor: 0x1FC9, Product: 0x0089, Serial: "0001", Virtual: true}
	s.describe("ttyACM0", printer)
	pull, _ := s.plug(t, "ttyACM0", d)
	a := s.start(t, shtrihTill("k", s.serial("ttyACM0")))
	a.online(t, "k")
	a.openShift(t, "k")
	pull()
	s.describe("ttyACM0", wire.Port{Vendor: 0x05E0, Product: 0x1701})
	scanner := s.decoy(t, "ttyACM0", nil)
	await(t, "the till is missed", func() bool { return !a.state(t, "k").GetOnline() })
	s.describe("ttyACM1", printer)
	s.plug(t, "ttyACM1", d)
	a.online(t, "k")
	a.done(t, sale("k1", "k"))
	if at := a.at("k"); at != s.path("ttyACM1") {
		t.Errorf("the till is thought at %s", at)
	}
	// The port that the till had is free now and may be asked in its words.
	for _, b := range scanner.bytes() {
		if b != 0x05 {
			t.Fatalf("the scanner heard % X", scanner.bytes())
		}
	}
}

// Two tills of one model come back in each other's sockets.
func TestReplug_exchanged(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	d, e := newTill(t, 111, fnA), newTill(t, 222, fnB)
	pullD, _ := s.plug(t, "ttyUSB0", d)
	pullE, _ := s.plug(t, "ttyUSB1", e)
	a := s.start(t, shtrihTill("one", s.serial("ttyUSB0")), shtrihTill("two", s.serial("ttyUSB1")))
	a.online(t, "one")
	a.online(t, "two")
	a.openShift(t, "one")
	a.openShift(t, "two")
	pullD()
	pullE()
	s.plug(t, "ttyUSB0", e)
	s.plug(t, "ttyUSB1", d)
	await(t, "each is in the other's place", func() bool { return a.at("one") == s.path("ttyUSB1") && a.at("two") == s.path("ttyUSB0") })
	await(t, "both answer", func() bool { return a.state(t, "one").GetOnline() && a.state(t, "two").GetOnline() })
	a.done(t, sale("k1", "one"))
	if receipts(d) != 1 || receipts(e) != 0 {
		t.Errorf("%d and %d receipts", receipts(d), receipts(e))
	}
	// It is so after a restart too.
	a.stop()
	a = s.start(t, shtrihTill("one", s.serial("ttyUSB0")), shtrihTill("two", s.serial("ttyUSB1")))
	a.online(t, "one")
	a.online(t, "two")
	a.done(t, sale("k2", "two"))
	if receipts(d) != 1 || receipts(e) != 1 {
		t.Errorf("after a restart %d and %d receipts", receipts(d), receipts(e))
	}
}

// Another till in the place of ours: announced with both numbers, nothing sold on
// it, until a person says that it is the till now.
func TestSwap(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	d, e := newTill(t, 111, fnA), newTill(t, 222, fnB)
	pull, _ := s.plug(t, "ttyUSB0", d)
	a := s.start(t, shtrihTill("k", s.serial("ttyUSB0")))
	a.online(t, "k")
	a.openShift(t, "k")
	a.done(t, sale("k1", "k"))
	was := a.state(t, "k").GetSerial()
	// Its shift is open, so that nothing but its number speaks against a sale; and
	// something stands open in it that is not ours to cancel.
	before := len(e.FN().List())
	pull()
	s.plug(t, "ttyUSB0", e)
	await(t, "another till is announced", func() bool { return a.problem(t, "k", health.CodeSwapped) != nil })
	p := a.problem(t, "k", health.CodeSwapped)
	_, serial := e.Model()
	if p.GetArgs()["was"] != was || strings.TrimLeft(p.GetArgs()["serial"], "0") != strings.TrimLeft(serial, "0") || was == serial {
		t.Errorf("announced %v, the tills are %s and %s", p.GetArgs(), was, serial)
	}
	for kind, op := range map[string]*fiscalv1.Operation{
		"a sale": sale("k2", "k"), "a shift": {Key: "o", Till: "k", Kind: fiscalv1.Kind_KIND_OPEN_SHIFT},
		"cash": {Key: "c", Till: "k", Kind: fiscalv1.Kind_KIND_CASH_IN, Amount: 100},
	} {
		got := a.do(t, op)
		if got.GetOutcome() != fiscalv1.Outcome_OUTCOME_NOT_DONE || got.GetReason() != health.CodeSwapped || !strings.Contains(got.GetText(), was) {
			t.Errorf("%s on another till: %v %q %s", kind, got.GetOutcome(), got.GetReason(), got.GetText())
		}
	}
	run, err := a.Act(t.Context(), "r", "k", fiscalv1.Action_ACTION_REBOOT, func(*fiscalv1.Run) {})
	if err != nil || run.GetOk() || !strings.Contains(run.GetText(), "till accept") {
		t.Errorf("a reboot of another till: %v %v", run, err)
	}
	// A restart does not make it ours.
	a.stop()
	a = s.start(t, shtrihTill("k", s.serial("ttyUSB0")))
	await(t, "another till is announced after a restart", func() bool { return a.problem(t, "k", health.CodeSwapped) != nil })
	if got := a.state(t, "k").GetSerial(); got != was {
		t.Errorf("the till is called %s, not %s", got, was)
	}
	if n := len(e.FN().List()); n != before {
		t.Fatalf("the other till has %d documents, had %d", n, before)
	}
	text, err := a.Accept(t.Context(), "k", "Петров")
	if err != nil || !strings.Contains(text, fnB) {
		t.Fatalf("accepted: %q, %v", text, err)
	}
	a.online(t, "k")
	a.done(t, &fiscalv1.Operation{Key: "o2", Till: "k", Kind: fiscalv1.Kind_KIND_OPEN_SHIFT})
	third := sale("k3", "k")
	third.Receipt.Items[0].Name = "Чай" // an equal sale would be a possible duplicate
	a.done(t, third)
	if receipts(d) != 1 || receipts(e) != 1 {
		t.Errorf("%d and %d receipts", receipts(d), receipts(e))
	}
	if text := s.bound(t, "k"); !strings.Contains(text, "Петров") || !strings.Contains(text, fnA) {
		t.Errorf("nothing is left of the former till: %s", text)
	}
	if text, err := a.Accept(t.Context(), "k", "Петров"); err != nil || !strings.Contains(text, "подтверждать нечего") {
		t.Errorf("accepted once more: %q, %v", text, err)
	}
}

func (s *shop) bound(t *testing.T, name string) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(s.data, "tills", name+".bound"))
	if err != nil {
		t.Fatal(err)
	}
	if !json.Valid(b) {
		t.Fatalf("not JSON: %s", b)
	}
	return string(b)
}

// A sale is cut and another till stands in the place: nothing is decided by what
// that one says. When the till is back, the sale is settled.
func TestSwap_cutSale(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	d, e := newTill(t, 111, fnA), newTill(t, 222, fnB)
	_, out := s.plug(t, "ttyUSB0", d)
	a := s.start(t, shtrihTill("k", s.serial("ttyUSB0")))
	a.online(t, "k")
	a.openShift(t, "k")
	d.Plan().Add(sim.Fault{Command: shtrih.CodeCloseReceiptV2, Phase: sim.OnCommit, Action: sim.CloseLink})
	asked := make(chan *fiscalv1.Operation, 1)
	go func() {
		op, err := a.Submit(t.Context(), sale("cut", "k"), patience)
		if err != nil {
			t.Errorf("submit: %v", err)
		}
		asked <- op
	}()
	<-out
	before := len(e.FN().List())
	pull, _ := s.plug(t, "ttyUSB0", e)
	await(t, "another till is announced", func() bool { return a.problem(t, "k", health.CodeSwapped) != nil })
	op, err := a.Operation(t.Context(), "cut", 0)
	if err != nil || op.GetOutcome() != fiscalv1.Outcome_OUTCOME_UNKNOWN || op.GetStage() == fiscalv1.Stage_STAGE_NEEDS_PERSON {
		t.Errorf("decided by another till: %v %v", op, err)
	}
	pull()
	s.plug(t, "ttyUSB3", d)
	if got := <-asked; got.GetOutcome() != fiscalv1.Outcome_OUTCOME_DONE {
		t.Errorf("outcome %v: %s %v", got.GetOutcome(), got.GetText(), got.GetEvidence())
	}
	if receipts(d) != 1 || len(e.FN().List()) != before {
		t.Errorf("%d receipts, the other till has %d documents", receipts(d), len(e.FN().List()))
	}
}

// The configuration leaves the wire to the agent: by number, or the only one.
func TestAuto(t *testing.T) {
	t.Parallel()
	t.Run("by its number", func(t *testing.T) {
		t.Parallel()
		s := newShop(t)
		d, e := newTill(t, 111, fnA), newTill(t, 222, fnB)
		s.plug(t, "ttyUSB0", e)
		s.plug(t, "ttyUSB1", d)
		_, serial := d.Model()
		k := shtrihTill("k", config.WireAuto)
		k.Serial = serial
		a := s.start(t, k)
		a.online(t, "k")
		if got := a.state(t, "k").GetFn(); got != fnA {
			t.Errorf("found %s", got)
		}
	})
	t.Run("the only one", func(t *testing.T) {
		t.Parallel()
		s := newShop(t)
		s.decoy(t, "ttyS0", func(byte) []byte { return []byte{0x06} })
		a := s.start(t, shtrihTill("k", config.WireAuto))
		if a.state(t, "k").GetOnline() {
			t.Error("online on nothing")
		}
		s.plug(t, "ttyUSB1", newTill(t, 111, fnA))
		a.online(t, "k")
	})
	t.Run("two of them are nobody's", func(t *testing.T) {
		t.Parallel()
		s := newShop(t)
		d, e := newTill(t, 111, fnA), newTill(t, 222, fnB)
		s.plug(t, "ttyUSB0", d)
		pull, _ := s.plug(t, "ttyUSB1", e)
		a := s.start(t, shtrihTill("k", config.WireAuto))
		await(t, "both were asked", func() bool { return a.problem(t, "k", "gone") != nil })
		if at := a.at("k"); at != "" {
			t.Errorf("chose %s of two", at)
		}
		pull()
		a.online(t, "k")
		if got := a.state(t, "k").GetFn(); got != fnA {
			t.Errorf("found %s", got)
		}
	})
}

// A bare fiscal memory is known by its own number and the till's in it.
func TestReplug_fnprint(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	memory, printer := newMemory(t, fnA, "0000000000000333"), newPrinter(t)
	pull, _ := s.plug(t, "ttyUSB0", memory)
	s.plug(t, "ttyUSB1", printer)
	a := s.start(t, config.Till{Name: "k", Driver: config.DriverFNPrint, Wire: s.serial("ttyUSB0"), Printer: s.serial("ttyUSB1"), Link: config.LinkAuto})
	a.online(t, "k")
	a.openShift(t, "k")
	pull()
	s.plug(t, "ttyUSB4", newMemory(t, fnB, "0000000000000444")) // of another till
	s.plug(t, "ttyUSB5", memory)
	await(t, "the memory is found", func() bool { return a.at("k") == s.path("ttyUSB5") || a.problem(t, "k", health.CodeSwapped) != nil })
	a.online(t, "k")
	a.done(t, sale("k1", "k"))
	n := 0
	for _, doc := range memory.FN().List() {
		if doc.Type == fiscal.DocReceipt {
			n++
		}
	}
	if n != 1 {
		t.Errorf("%d receipts", n)
	}
}

// Looking for tills goes on beside sales and disturbs none.
func TestFind_besideSales(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	d := newTill(t, 111, fnA)
	s.plug(t, "ttyUSB0", d)
	s.decoy(t, "ttyUSB1", func(byte) []byte { return []byte{0x06} })
	s.plug(t, "ttyUSB2", newTill(t, 222, fnB))
	a := s.start(t, shtrihTill("k", s.serial("ttyUSB0")))
	a.online(t, "k")
	a.openShift(t, "k")
	const sales = 20
	stop, searched := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(searched)
		for {
			found, _ := search(t, a.finder)
			if found[s.serial("ttyUSB0")].GetTill() != "k" || found[s.serial("ttyUSB2")].GetFn() != fnB {
				t.Errorf("found %v", found)
			}
			select {
			case <-stop:
				return
			default:
			}
		}
	}()
	for i := range sales {
		op := sale("k"+string(rune('a'+i)), "k")
		op.Receipt.Items[0].Name += op.GetKey()
		a.done(t, op)
	}
	close(stop)
	<-searched
	if n := receipts(d); n != sales {
		t.Errorf("%d receipts", n)
	}
}

// A till in the network got another address: it is looked for where the
// configuration allows, and nowhere else.
func TestReplug_network(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	s.networks = []string{"127.77.14.0/28"}
	d, e := newTill(t, 111, fnA), newTill(t, 222, fnB)
	hangUp := onTCPUntil(t, "127.77.14.3:7778", d.ServeTCP)
	a := s.start(t, shtrihTill("k", "tcp://127.77.14.3:7778"))
	a.online(t, "k")
	a.openShift(t, "k")
	hangUp()
	onTCP(t, "127.77.14.5:7778", e.ServeTCP)
	onTCP(t, "127.77.14.9:7778", d.ServeTCP)
	await(t, "the till is missed", func() bool { return !a.state(t, "k").GetOnline() })
	a.online(t, "k")
	a.done(t, sale("k1", "k"))
	if receipts(d) != 1 || receipts(e) != 0 {
		t.Errorf("%d and %d receipts", receipts(d), receipts(e))
	}
}
