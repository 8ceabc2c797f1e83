package demo

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	fiscalv1 "github.com/chekan-io/chekan/proto/gen/fiscal/v1"
	posv1 "github.com/chekan-io/chekan/proto/gen/pos/v1"
)

// tornAfter is how many lines of the receipt come out before the roll ends:
// the heading and a part of the goods.
const tornAfter = 9

// Values of Command.Day.
const (
	shortDay = "short"
	fullDay  = "full"
)

// play makes the shop's day, once; later starts only see to the shifts.
func (d *demo) play(ctx context.Context) error {
	if d.memory.Played != "" {
		d.say("Утро уже сыграно, продолжаем с того, что есть.")
		return d.everyTill(ctx, d.freshShift)
	}
	if d.Day == fullDay {
		d.say("Играем день: паузы сжаты, кассы работают в полную силу.")
		if err := d.everyTill(ctx, d.day); err != nil {
			return err
		}
		d.say("Наступило следующее утро.")
	} else {
		d.say("Играем утро.")
	}
	if err := d.everyTill(ctx, d.morning); err != nil {
		return err
	}
	if err := d.tear(ctx); err != nil {
		return err
	}
	d.memory.Played = d.Day
	return d.remember()
}

// everyTill does the same at every till, side by side.
func (d *demo) everyTill(ctx context.Context, do func(context.Context, *till) error) error {
	errs := make([]error, len(d.tills))
	var all sync.WaitGroup
	for i, t := range d.tills {
		all.Go(func() { errs[i] = do(ctx, t) })
	}
	all.Wait()
	return errors.Join(errs...)
}

// key names an operation of the play.
func key(part string, t *till, n int) string { return fmt.Sprintf("demo-%s-%s-%02d", part, t.name, n) }

// perform asks one thing after another and says what came of it.
func (d *demo) perform(ctx context.Context, between time.Duration, script ...*posv1.SubmitRequest) error {
	for _, q := range script {
		op, err := d.ask(ctx, q)
		if err != nil {
			return err
		}
		line := q.GetTill() + ": " + title(q)
		if doc := op.GetDocument(); doc.GetFd() != 0 {
			line += fmt.Sprintf(", ФД %d", doc.GetFd())
		}
		d.say("  %s", line)
		if err := pause(ctx, between); err != nil {
			return err
		}
	}
	return nil
}

// morning opens the shift and sells a little.
func (d *demo) morning(ctx context.Context, t *till) error {
	script := []*posv1.SubmitRequest{
		plain(t.name, key("утро", t, 1), fiscalv1.Kind_KIND_OPEN_SHIFT, 0),
		plain(t.name, key("утро", t, 2), fiscalv1.Kind_KIND_CASH_IN, 300000),
		sale(t.name, key("утро", t, 3), 3),
		sale(t.name, key("утро", t, 4), 4),
	}
	if t.name == first {
		script = append(script, sale(t.name, key("утро", t, 5), 5), back(t.name, key("утро", t, 6), 4))
	}
	return d.perform(ctx, 0, script...)
}

// Sales of a whole day, and the one under which paper runs out.
const (
	daySales = 24
	dayTorn  = 15
)

// day is a shift from morning to the Z report.
func (d *demo) day(ctx context.Context, t *till) error {
	n := 0
	next := func() string { n++; return key("день", t, n) }
	between := 300 * time.Millisecond
	err := d.perform(ctx, between,
		plain(t.name, next(), fiscalv1.Kind_KIND_OPEN_SHIFT, 0),
		plain(t.name, next(), fiscalv1.Kind_KIND_CASH_IN, 500000),
	)
	for i := range daySales {
		if err != nil {
			return err
		}
		switch {
		case i == dayTorn && t.name == second:
			err = d.dayTear(ctx, t, next())
		case i%8 == 7:
			err = d.perform(ctx, between, back(t.name, next(), 100+i-1))
		default:
			err = d.perform(ctx, between, sale(t.name, next(), 100+i))
		}
	}
	if err != nil {
		return err
	}
	return d.perform(ctx, between,
		plain(t.name, next(), fiscalv1.Kind_KIND_X_REPORT, 0),
		plain(t.name, next(), fiscalv1.Kind_KIND_CASH_OUT, 500000),
		plain(t.name, next(), fiscalv1.Kind_KIND_CLOSE_SHIFT, 0),
	)
}

// dayTear lets paper run out and has the technician beside the till finish
// the slip.
func (d *demo) dayTear(ctx context.Context, t *till, key string) error {
	if err := d.tearSale(ctx, t, sale(t.name, key, 200)); err != nil {
		return err
	}
	state, err := d.state(ctx, t.name)
	if err != nil || state.GetPaper() != fiscalv1.Paper_PAPER_CONTINUE {
		return err
	}
	if err := d.act(ctx, t.name, fiscalv1.Action_ACTION_FINISH_PRINT); err != nil {
		return err
	}
	d.say("  %s: чек допечатан", t.name)
	return nil
}

// tear ends the morning: paper runs out under a receipt of the second till,
// and is put back. What remains is for the person in the cabinet.
func (d *demo) tear(ctx context.Context) error {
	t := d.tills[1]
	return d.tearSale(ctx, t, sale(t.name, key("утро", t, 5), 5))
}

// tearSale makes a sale under which paper runs out, unless it was made at an
// earlier start.
func (d *demo) tearSale(ctx context.Context, t *till, q *posv1.SubmitRequest) error {
	if done, err := d.done(ctx, q.GetKey()); err != nil || done {
		t.device.SetPaper(true, 0)
		return err
	}
	// The roll must not end under the slip that is still coming out.
	if err := d.until(ctx, 30*time.Second, t.name+": допечатает прежний чек", func(context.Context) (bool, error) {
		return t.idle(), nil
	}); err != nil {
		return err
	}
	t.device.SetPaper(true, tornAfter)
	if err := d.perform(ctx, 0, q); err != nil {
		return err
	}
	if err := d.until(ctx, 30*time.Second, t.name+": кончится бумага", func(context.Context) (bool, error) {
		return !t.device.Show().GetPaper(), nil
	}); err != nil {
		return err
	}
	d.say("  %s: в этом чеке кончилась бумага", t.name)
	if err := pause(ctx, 2*time.Second); err != nil { // as long as changing a roll takes, on film
		return err
	}
	t.device.SetPaper(true, 0)
	return d.until(ctx, 30*time.Second, t.name+": агент увидит бумагу", func(ctx context.Context) (bool, error) {
		state, err := d.state(ctx, t.name)
		return state.GetPaper() == fiscalv1.Paper_PAPER_CONTINUE, err
	})
}

// freshShift gives a till of yesterday a shift of today.
func (d *demo) freshShift(ctx context.Context, t *till) error {
	state, err := d.state(ctx, t.name)
	if err != nil {
		return err
	}
	if !state.GetOnline() {
		return nil
	}
	part := fmt.Sprintf("смена-%d", state.GetShift())
	expired := false
	for _, p := range state.GetProblems() {
		expired = expired || p.GetCode() == "shift_expired"
	}
	switch {
	case state.GetShiftOpen() && !expired:
		return nil
	case state.GetPaper() != fiscalv1.Paper_PAPER_READY:
		d.say("  %s: смену надо обновить, но сначала допечатать чек.", t.name)
		return nil
	case expired:
		d.say("  %s: смена старше 24 часов, закрываем её и открываем новую.", t.name)
		if err := d.perform(ctx, 0, plain(t.name, key(part, t, 1), fiscalv1.Kind_KIND_CLOSE_SHIFT, 0)); err != nil {
			return err
		}
	}
	return d.perform(ctx, 0, plain(t.name, key(part, t, 2), fiscalv1.Kind_KIND_OPEN_SHIFT, 0))
}
