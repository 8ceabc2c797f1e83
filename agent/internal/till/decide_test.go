package till_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/chekan-io/chekan/agent/internal/till"
	"github.com/chekan-io/chekan/agent/internal/till/tilltest"
	fiscalv1 "github.com/chekan-io/chekan/proto/gen/fiscal/v1"
	"github.com/chekan-io/chekan/protocol/shtrih"
	sim "github.com/chekan-io/chekan/sim/shtrih"
)

// doubtful leaves a till with an operation nobody but a person can settle: the
// answer is lost for good, and another program makes an equal receipt before
// the agent can look.
func doubtful(t *testing.T) (*tilltest.Bench, *fiscalv1.Operation) {
	t.Helper()
	b := tilltest.Open(t, name)
	b.OpenShift(t, name)
	const rubles = 44
	b.Devices[name].Plan().Add(sim.Fault{Command: shtrih.CodeCloseReceiptV2, Phase: sim.After, Action: sim.Foreign, Code: rubles})
	b.Devices[name].Plan().Add(sim.Fault{Command: shtrih.CodeCloseReceiptV2, Phase: sim.After, Action: sim.ForgetAnswer})
	got, err := b.Fleet.Submit(t.Context(), equalSale("doubt", rubles), time.Minute)
	if err != nil || got.GetOutcome() != fiscalv1.Outcome_OUTCOME_UNKNOWN {
		t.Fatalf("%v %v", got, err)
	}
	if got, err = b.Fleet.Operation(t.Context(), "doubt", 0); err != nil || got.GetStage() != fiscalv1.Stage_STAGE_NEEDS_PERSON {
		t.Fatalf("%v %v", got, err)
	}
	return b, got
}

func equalSale(key string, rubles int64) *fiscalv1.Operation {
	op := tilltest.Sale(key, name)
	op.Receipt.Items[0].Quantity, op.Receipt.Items[0].Price = "1", rubles*100
	return op
}

func resolve(t *testing.T, b *tilltest.Bench, key string, fd uint32) (*fiscalv1.Run, []string) {
	t.Helper()
	var codes []string
	d := &fiscalv1.Decision{Key: key, Fd: fd, Reason: "сверено с лентой"}
	run, err := b.Fleet.Resolve(t.Context(), "r", name, "anna", d, func(r *fiscalv1.Run) {
		for _, s := range r.GetSteps() {
			if s.GetState() == fiscalv1.StepState_STEP_STATE_RUNNING {
				codes = append(codes, s.GetCode())
			}
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	return run, codes
}

func TestResolve(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, op := doubtful(t)
		if len(op.GetCandidates()) != 2 || op.GetCandidates()[0].GetTotal() != 4400 || op.GetCandidates()[0].GetFn() == "" {
			t.Fatalf("candidates %v", op.GetCandidates())
		}
		ours := op.GetCandidates()[0].GetFd()
		for what, bad := range map[string]struct {
			key string
			fd  uint32
		}{
			"the shift's opening":                {"doubt", 1},
			"a document there is not":            {"doubt", 99},
			"an operation that waits for nobody": {"open-" + name, ours},
		} {
			if run, _ := resolve(t, b, bad.key, bad.fd); run.GetOk() || !run.GetEnded() {
				t.Errorf("%s: %v", what, run)
			}
		}
		if now, _ := b.Fleet.Operation(t.Context(), "doubt", 0); now.GetStage() != fiscalv1.Stage_STAGE_NEEDS_PERSON {
			t.Fatalf("decided by a wrong word: %v", now)
		}
		run, codes := resolve(t, b, "doubt", ours)
		if !run.GetOk() || !slices.Equal(codes, []string{"read_status", "recheck", "decide"}) {
			t.Fatalf("%v %v", codes, run)
		}
		got, err := b.Fleet.Operation(t.Context(), "doubt", 0)
		if err != nil || got.GetOutcome() != fiscalv1.Outcome_OUTCOME_DONE || got.GetDocument().GetFd() != ours || len(got.GetCandidates()) != 0 {
			t.Errorf("%v %v", got, err)
		}
		if last := got.GetEvidence()[len(got.GetEvidence())-1]; !strings.Contains(last, "anna") || !strings.Contains(last, "сверено с лентой") {
			t.Errorf("who decided and why: %q", last)
		}
		if run, _ := resolve(t, b, "doubt", 0); run.GetOk() {
			t.Errorf("decided twice: %v", run)
		}
		if n := receipts(b.Devices[name]); n != 2 {
			t.Errorf("%d receipts", n)
		}
		b.Do(t, tilltest.Sale("next", name))
	})
}

// After «документа нет» the same key may be asked again, and nothing else was done to the fiscal memory.
func TestResolve_none(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, _ := doubtful(t)
		run, _ := resolve(t, b, "doubt", 0)
		got, err := b.Fleet.Operation(t.Context(), "doubt", 0)
		if err != nil || !run.GetOk() || got.GetOutcome() != fiscalv1.Outcome_OUTCOME_NOT_DONE {
			t.Fatalf("%v %v %v", run, got, err)
		}
		if n := receipts(b.Devices[name]); n != 2 {
			t.Errorf("%d receipts", n)
		}
		b.Do(t, equalSale("doubt", 44))
	})
}

// Without the device there is nothing to check the decision against.
func TestResolve_deviceGone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, op := doubtful(t)
		b.Cables[name].Unplug()
		for _, fd := range []uint32{0, op.GetCandidates()[0].GetFd()} {
			if run, _ := resolve(t, b, "doubt", fd); run.GetOk() {
				t.Errorf("fd %d: %v", fd, run)
			}
		}
		if now, _ := b.Fleet.Operation(t.Context(), "doubt", 0); now.GetStage() != fiscalv1.Stage_STAGE_NEEDS_PERSON {
			t.Errorf("decided blindly: %v", now)
		}
	})
}

func TestDecide_notOurs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, op := doubtful(t)
		if _, err := b.Fleet.Decide(t.Context(), "doubt", 1); !errors.Is(err, till.ErrNotOurs) {
			t.Errorf("the shift's opening: %v", err)
		}
		got, err := b.Fleet.Decide(t.Context(), "doubt", op.GetCandidates()[1].GetFd())
		if err != nil || got.GetDocument().GetFd() != op.GetCandidates()[1].GetFd() {
			t.Errorf("%v %v", got, err)
		}
	})
}
