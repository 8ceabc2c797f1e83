package errand

import (
	"context"
	"fmt"

	"google.golang.org/protobuf/proto"

	fiscalv1 "github.com/chekan-io/chekan/proto/gen/fiscal/v1"
	uplinkv1 "github.com/chekan-io/chekan/proto/gen/uplink/v1"
)

const (
	stepLook  = "look"
	stepCheck = "device_check"
	stepList  = "device_keep"
)

// Devices are what package discovery finds at ports that no till of the list
// has. Errors are sentences for people, and nothing has changed.
type Devices interface {
	// Look looks for devices, or waits for the search that goes on already, and
	// says what came of it.
	Look(ctx context.Context) (said string, err error)
	// Check looks whether a device answers where it was found, and gives the name
	// the till would have.
	Check(ctx context.Context, device *fiscalv1.Stranger) (name string, err error)
	// Take writes it durably into the list under that name; it holds from the next
	// start.
	Take(device *fiscalv1.Stranger, name string, first *fiscalv1.TillSettings) error
	// Has tells whether the list has a till of a name.
	Has(name string) bool
}

// look looks for devices; what is tried and found goes with the reports of state.
func (d *doing) look(ctx context.Context) {
	s := d.run.GetSteps()[0]
	d.begin(s)
	said, err := d.o.Devices.Look(ctx)
	if err != nil {
		d.end(s, false, "Поиск касс не удался: "+err.Error())
		return
	}
	d.end(s, true, said)
}

// looked ends the run of a search that a restart cut off.
func (e *Errands) looked(run *fiscalv1.Run) bool {
	e.cut(run, "Агент перезапустился во время поиска. Поищите снова.")
	return true
}

// adopt takes a device into the list of tills, and starts the agent anew when
// no operation is open. The name is durable before the list has it, so that the
// agent that comes after a cut knows by its own list whether it was done.
func (d *doing) adopt(ctx context.Context, cmd *uplinkv1.Command, save func(context.Context, *fiscalv1.Run) error) error {
	check, list, apply := d.run.GetSteps()[0], d.run.GetSteps()[1], d.run.GetSteps()[2]
	d.begin(check)
	name, err := d.o.Devices.Check(ctx, cmd.GetDevice())
	if err != nil {
		d.end(check, false, "Касса не принята, ничего не изменено: "+err.Error()+".")
		return nil //nolint:nilerr // the run says it
	}
	d.end(check, true, "Отвечает.")
	d.run.Till = name
	d.begin(list)
	if err := save(ctx, proto.CloneOf(d.run)); err != nil {
		return fmt.Errorf("записать начало: %w", err)
	}
	if err := d.o.Devices.Take(cmd.GetDevice(), name, cmd.GetSettings()); err != nil {
		d.run.Till = "" // there is no such till
		d.end(list, false, "Касса не принята, ничего не изменено: "+err.Error()+".")
		return nil //nolint:nilerr // the run says it
	}
	d.end(list, true, fmt.Sprintf("Записана под именем %s.", name))
	d.begin(apply)
	busy, err := d.anew(ctx, save)
	if busy != "" {
		// It is in the list for good: nothing but the start is missing.
		d.end(apply, true, fmt.Sprintf("Касса принята под именем %s. Агент начнёт с ней работать после перезапуска, сейчас его нельзя перезапустить: %s.", name, busy))
	}
	return err
}

// adopted ends the run of a device that was being taken over when the agent
// stopped: its own list says whether it was.
func (e *Errands) adopted(run *fiscalv1.Run) bool {
	if run.GetTill() == "" || !e.o.Devices.Has(run.GetTill()) {
		run.Till = ""
		e.cut(run, "Агент перезапустился раньше, чем принял кассу. Ничего не изменено, повторите.")
		return true
	}
	now := e.o.Now().UnixMilli()
	for _, s := range run.GetSteps() {
		if s.GetState() == fiscalv1.StepState_STEP_STATE_DONE {
			continue
		}
		if s.GetBeganMs() == 0 {
			s.BeganMs = now
		}
		s.State, s.EndedMs, s.Result = fiscalv1.StepState_STEP_STATE_DONE, now, fmt.Sprintf("Записана под именем %s.", run.GetTill())
		if s.GetCode() == stepApply {
			s.Result = fmt.Sprintf("Агент перезапущен и работает с кассой %s.", run.GetTill())
		}
	}
	run.Ended, run.Ok = true, true
	run.Text = fmt.Sprintf("Агент перезапущен и работает с кассой %s.", run.GetTill())
	return true
}

// cut ends a run that came to nothing.
func (e *Errands) cut(run *fiscalv1.Run, said string) {
	for _, s := range run.GetSteps() {
		if s.GetState() == fiscalv1.StepState_STEP_STATE_RUNNING {
			s.State, s.EndedMs, s.Result = fiscalv1.StepState_STEP_STATE_FAILED, e.o.Now().UnixMilli(), said
		}
	}
	run.Ended, run.Ok, run.Text = true, false, said
}
