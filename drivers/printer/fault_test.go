package printer_test

import (
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/chekan-io/chekan/drivers/printer"
	sim "github.com/chekan-io/chekan/sim/printer"
)

// The paper ends at any byte; the slip comes out whole, exactly once. A printer
// that forgets what it was sent cannot tell whether it had cut already: then,
// and only then, another one comes, headed «ПОВТОР».
func TestPrint_paperOutAtEveryByte(t *testing.T) {
	p := profile(t, "epson-58")
	total := length(t, p)
	for _, after := range []sim.Recovery{sim.Resumes, sim.Waits, sim.Forgets} {
		t.Run(fmt.Sprint(after), func(t *testing.T) {
			t.Parallel()
			for at := int64(1); at <= total; at++ {
				synctest.Test(t, func(t *testing.T) {
					b := setUp(t, sim.Options{Profile: p, AfterPaper: after}, printer.Options{})
					b.dev.Plan(sim.Fault{Kind: sim.PaperOut, At: at})
					r, err := b.Print(limit(t), receipt())
					if err != nil {
						var e *printer.Error
						if !errors.As(err, &e) || e.Reason != printer.PaperOut {
							t.Fatalf("byte %d: %v", at, err)
						}
					}
					r = b.ended(t, r, err)
					if after == sim.Forgets {
						b.onceOrHeaded(t, at, r)
						return
					}
					b.once(t, at, r)
				})
			}
		})
	}
}

// Whatever else happens at any byte, a whole slip comes out; a second one is headed «ПОВТОР».
func TestPrint_faultAtEveryByte(t *testing.T) {
	p := profile(t, "epson-58")
	total := length(t, p)
	for _, f := range []struct {
		name   string
		fault  sim.Fault
		serial bool
		once   bool
	}{
		{"unplug", sim.Fault{Kind: sim.Unplug}, false, false},
		{"power cut", sim.Fault{Kind: sim.PowerCut}, false, false},
		{"power cut on a serial wire", sim.Fault{Kind: sim.PowerCut}, true, false},
		{"short power cut on a serial wire", sim.Fault{Kind: sim.PowerCut, For: 300 * time.Millisecond}, true, false},
		{"short hang", sim.Fault{Kind: sim.Hang, For: time.Second}, false, true},
		{"long hang", sim.Fault{Kind: sim.Hang, For: time.Minute}, false, false},
		{"cover", sim.Fault{Kind: sim.CoverOpen}, false, true},
		{"busy", sim.Fault{Kind: sim.Busy, For: time.Second}, false, true},
		{"noise", sim.Fault{Kind: sim.Garbage}, false, true},
		{"knife", sim.Fault{Kind: sim.Jam}, false, true},
		{"heat", sim.Fault{Kind: sim.Overheat, For: 3 * time.Second}, false, true},
	} {
		t.Run(f.name, func(t *testing.T) {
			t.Parallel()
			for at := int64(1); at <= total; at++ {
				synctest.Test(t, func(t *testing.T) {
					b := setUp(t, sim.Options{Profile: p, Serial: f.serial}, printer.Options{})
					fault := f.fault
					fault.At = at
					b.dev.Plan(fault)
					r, err := b.Print(limit(t), receipt())
					r = b.ended(t, r, err)
					if f.once {
						b.once(t, at, r)
						return
					}
					b.onceOrHeaded(t, at, r)
				})
			}
		})
	}
}
