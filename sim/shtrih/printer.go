package shtrih

import (
	"encoding/json"
	"time"

	codec "github.com/chekan-io/chekan/protocol/shtrih"
)

// stubMark is printed on a slip that paper ran out under.
const stubMark = "ДОКУМЕНТ НЕДЕЙСТВИТЕЛЕН"

// Slip is one piece of paper that came out.
type Slip struct {
	Lines []string  `json:"lines"`
	Whole bool      `json:"whole"`
	FD    uint32    `json:"fd,omitempty"` // of the document it shows; 0 for others
	At    time.Time `json:"at"`
}

// job is a document to be printed. It survives power cuts: the till owes it.
type job struct {
	Code   codec.Code // of the command that ordered it
	Serial uint64     // of the command, for the plan; of no meaning after a restart
	FD     uint32
	Lines  []string
	Long   bool // a report: submode 4 instead of 5
	Broken bool // waits for paper (submode 2) or B0h (submode 3)
}

// printing is the mechanism at work: volatile, because a print cut by power
// begins again.
type printing struct {
	slip  *Slip
	done  int // lines of the job on paper
	from  int // lines on paper at the moment since
	since time.Time
}

func (p *printing) rebase(now time.Time) { p.from, p.since = p.done, now }

// paperOK tells whether the printer can print.
func (d *Device) paperOK() bool { return d.nv.Paper && !d.nv.Cover }

// submode is the "advanced mode" (Shtrih protocol 1.17, §4.2).
func (d *Device) submode() byte {
	j := d.nv.Job
	switch {
	case j != nil && j.Broken && d.paperOK():
		return 3
	case j != nil && j.Broken:
		return 2
	case j != nil && j.Long:
		return 4
	case j != nil:
		return 5
	case time.Now().Before(d.busyUntil):
		return 5
	case !d.paperOK():
		return 1
	}
	return 0
}

// order prints a document, at once or line by line, unless table 17 forbids it.
func (d *Device) order(j *job) {
	const field = 7 // "do not print": 0 print, 1 skip one document, 2 print nothing
	switch d.tableNumber(17, 1, field) {
	case 1:
		d.setTableNumber(17, 1, field, 0)
		return
	case 2:
		return
	}
	d.nv.Job = j
	d.startPrint()
}

// startPrint begins the document from its first line.
func (d *Device) startPrint() {
	j := d.nv.Job
	j.Broken = false
	d.print = printing{slip: &Slip{FD: j.FD, At: d.now()}}
	d.print.rebase(time.Now())
	d.progress()
}

// progress prints the lines that are due.
func (d *Device) progress() {
	for d.on && !d.hung {
		j := d.nv.Job
		if j == nil || j.Broken || d.print.slip == nil {
			break
		}
		for _, f := range d.plan.Strike(j.Serial, j.Code, OnPrint, d.print.done, false) {
			d.act(f, nil)
		}
		if !d.on || d.hung || d.nv.Job == nil || d.nv.Job.Broken || d.print.slip == nil {
			break
		}
		if d.print.done == len(j.Lines) {
			d.finishPrint()
			break
		}
		due := len(j.Lines)
		if speed := d.opts.PrintSpeed; speed > 0 {
			due = d.print.from + int(time.Since(d.print.since)/speed)
		}
		if d.print.done >= due {
			break
		}
		if !d.paperOK() {
			d.breakPrint()
			break
		}
		d.print.slip.Lines = append(d.print.slip.Lines, j.Lines[d.print.done])
		d.print.done++
		if d.nv.RollLeft > 0 {
			if d.nv.RollLeft--; d.nv.RollLeft == 0 {
				d.nv.Paper = false
				if d.print.done < len(j.Lines) {
					d.breakPrint()
				}
			}
		}
	}
	d.schedule()
}

// schedule wakes the printer for its next event, so that a fault or the end of
// a document does not wait for somebody to look.
func (d *Device) schedule() {
	if d.opts.PrintSpeed == 0 {
		return
	}
	if d.timer != nil {
		d.timer.Stop()
		d.timer = nil
	}
	j := d.nv.Job
	if d.closed || !d.on || d.hung || j == nil || j.Broken || d.print.slip == nil {
		return
	}
	line := len(j.Lines)
	if n, ok := d.plan.Next(j.Serial, j.Code, OnPrint); ok && n > d.print.done {
		line = min(line, n)
	}
	if left := d.nv.RollLeft; left > 0 {
		line = min(line, d.print.done+left)
	}
	wait := time.Duration(line-d.print.from)*d.opts.PrintSpeed - time.Since(d.print.since)
	d.timer = time.AfterFunc(max(wait, 0), func() {
		d.mu.Lock()
		defer d.mu.Unlock()
		if !d.closed {
			d.tick()
		}
	})
}

// breakPrint ends the slip in the middle: the till marks the stub and waits
// for paper and B0h.
func (d *Device) breakPrint() {
	d.nv.Job.Broken = true
	d.breakSlip(stubMark)
	d.save()
}

// breakSlip tears the unfinished slip off.
func (d *Device) breakSlip(mark string) {
	s := d.print.slip
	if s == nil {
		return
	}
	if mark != "" {
		s.Lines = append(s.Lines, mark)
	}
	if len(s.Lines) > 0 {
		d.keepSlip(*s)
	}
	d.print = printing{}
}

func (d *Device) finishPrint() {
	s := *d.print.slip
	s.Whole = true
	d.keepSlip(s)
	d.print = printing{}
	d.nv.Job = nil
	d.save()
}

func (d *Device) keepSlip(s Slip) {
	d.slips = append(d.slips, s)
	b, err := json.Marshal(s)
	if err == nil {
		err = d.slipLog.Append(b)
	}
	if err != nil {
		d.log.Error("keep slip", "till", d.opts.Name, "error", err)
	}
}

// Slips returns what came out of the printer, oldest first.
func (d *Device) Slips() []Slip {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.tick()
	return append([]Slip(nil), d.slips...)
}

// RemovePaper takes the roll out. A document being printed breaks off.
func (d *Device) RemovePaper() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.tick()
	d.removePaper()
}

func (d *Device) removePaper() {
	d.nv.Paper = false
	d.stopPrint()
}

// stopPrint breaks the document off if one is being printed.
func (d *Device) stopPrint() {
	if j := d.nv.Job; j != nil && !j.Broken && d.print.slip != nil {
		d.breakPrint()
	}
	d.save()
}

// InsertPaper puts in a roll of so many lines; 0 is endless.
func (d *Device) InsertPaper(lines int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.tick()
	d.nv.Paper, d.nv.RollLeft = true, lines
	d.save()
}

// OpenCover opens the cover, which stops printing as missing paper does.
func (d *Device) OpenCover() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.tick()
	d.openCover()
}

func (d *Device) openCover() {
	d.nv.Cover = true
	d.stopPrint()
}

// CloseCover closes the cover.
func (d *Device) CloseCover() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.tick()
	d.nv.Cover = false
	d.save()
}
