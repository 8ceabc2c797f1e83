package till

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"sync/atomic"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/chekan-io/chekan/agent/internal/health"
	"github.com/chekan-io/chekan/agent/internal/recovery"
	fiscalv1 "github.com/chekan-io/chekan/proto/gen/fiscal/v1"
	"github.com/chekan-io/chekan/protocol/fiscal"
)

// lock keeps a till from beginning anything new, across restarts, until
// somebody resumes it. What has begun is finished, what is fiscal is printed
// and carried to the operator. It is safe for concurrent use.
type lock struct {
	path string // "" keeps it until the program ends
	now  atomic.Pointer[fiscalv1.Suspension]
}

// kept is the lock as its file holds it.
type kept struct {
	Reason  string `json:"reason"`
	By      string `json:"by"`
	SinceMS int64  `json:"since_ms"`
}

// open takes up what the file says. One that cannot be read keeps the till
// suspended: somebody wanted it so, and can be asked.
func (l *lock) open(path string, log *slog.Logger) {
	l.path = path
	if path == "" {
		return
	}
	text, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) {
		return
	}
	k := kept{}
	if err == nil {
		err = json.Unmarshal(text, &k)
	}
	if err != nil {
		log.Error("the suspension of a till cannot be read", "file", path, "err", err.Error())
		k = kept{Reason: "причина не прочиталась", By: "неизвестно кто"}
	}
	l.now.Store(&fiscalv1.Suspension{Reason: k.Reason, By: k.By, SinceMs: k.SinceMS})
}

// set suspends or, with nil, resumes. It holds when it is on disk.
func (l *lock) set(s *fiscalv1.Suspension) error {
	if l.path != "" {
		if err := l.write(s); err != nil {
			return err
		}
	}
	l.now.Store(s)
	return nil
}

func (l *lock) write(s *fiscalv1.Suspension) error {
	if s == nil {
		if err := os.Remove(l.path); err != nil && !errors.Is(err, os.ErrNotExist) {
			return err
		}
		return syncFolder(filepath.Dir(l.path))
	}
	text, err := json.Marshal(kept{s.GetReason(), s.GetBy(), s.GetSinceMs()})
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(l.path), 0o700); err != nil {
		return err
	}
	f, err := os.CreateTemp(filepath.Dir(l.path), filepath.Base(l.path)+"-*") // made with mode 0600
	if err != nil {
		return err
	}
	_, err = f.Write(append(text, '\n'))
	err = errors.Join(err, f.Sync(), f.Close())
	if err == nil {
		err = os.Rename(f.Name(), l.path)
	}
	if err != nil {
		_ = os.Remove(f.Name())
		return err
	}
	return syncFolder(filepath.Dir(l.path))
}

// syncFolder makes a name durable where the system lets a folder be synced.
func syncFolder(path string) error {
	d, err := os.Open(path)
	if err != nil {
		return err
	}
	_ = d.Sync() // Windows refuses, and does it by itself
	return d.Close()
}

// state is the suspension standing now; nil when there is none.
func (l *lock) state() *fiscalv1.Suspension {
	if s := l.now.Load(); s != nil {
		return proto.CloneOf(s)
	}
	return nil
}

// standing is the suspension as a problem of the till; nil when there is none.
func (l *lock) standing() *health.Problem {
	s := l.now.Load()
	if s == nil {
		return nil
	}
	return &health.Problem{Code: health.CodeSuspended, Args: map[string]string{"reason": s.GetReason(), "by": s.GetBy()}}
}

// problem says why an operation of a kind is not begun; nil when it may be. An
// X report makes no document and moves no money.
func (l *lock) problem(kind fiscal.Kind) *health.Problem {
	if kind == fiscal.XReport {
		return nil
	}
	return l.standing()
}

// maxSuspension bounds what is kept of a reason, in characters.
const maxSuspension = 500

// Suspend has the till begin nothing new until ACTION_RESUME; by is who wants
// it and reason why, both of which the cashier is shown.
func (f *Fleet) Suspend(ctx context.Context, id, name, by, reason string, report func(*fiscalv1.Run)) (*fiscalv1.Run, error) {
	t, err := f.Till(name)
	if err != nil {
		return nil, err
	}
	if r := []rune(reason); len(r) > maxSuspension {
		reason = string(r[:maxSuspension])
	}
	return t.climb(ctx, hands{t: t, id: id, by: by, reason: reason}, fiscalv1.Action_ACTION_SUSPEND, report)
}

func (h hands) Suspend(context.Context) (string, error) {
	if s := h.t.lock.state(); s != nil {
		return fmt.Sprintf("Касса уже приостановлена: %s (приостановил %s).", s.GetReason(), s.GetBy()), errInTheWay
	}
	s := &fiscalv1.Suspension{Reason: h.reason, By: h.by, SinceMs: time.Now().UnixMilli()}
	if s.Reason == "" {
		s.Reason = "причина не указана"
	}
	if s.By == "" {
		s.By = "человек у кассы"
	}
	if err := h.t.lock.set(s); err != nil {
		return "Приостановка не записалась на диск, касса работает: " + err.Error(), err
	}
	h.t.log.Info("till is suspended", "till", h.t.name, "by", s.GetBy(), "reason", s.GetReason())
	return "Новые операции на кассе не начинаются. Начатое закончится, документы в ОФД передаются.", nil
}

func (h hands) Resume(context.Context) (string, error) {
	if h.t.lock.state() == nil {
		return "Касса не была приостановлена.", recovery.ErrNotNeeded
	}
	if err := h.t.lock.set(nil); err != nil {
		return "Возобновление не записалось на диск, касса остаётся приостановленной: " + err.Error(), err
	}
	h.t.log.Info("till is resumed", "till", h.t.name)
	return "Касса снова принимает операции.", nil
}

// Courier carries documents of tills to operators of fiscal data.
type Courier interface {
	// Resend has it try now and waits for what comes of it: a sentence in Russian.
	// An error that is [recovery.ErrNotNeeded] says that nothing waits.
	Resend(ctx context.Context, till string) (string, error)
}

// SetCourier says who carries documents; before Run.
func (f *Fleet) SetCourier(c Courier) { f.courier = c }

// resend runs ACTION_RESEND_OFD. The courier needs the till's goroutine for
// every document, so the run as a whole is beside it.
func (f *Fleet) resend(ctx context.Context, t *Till, id string, report func(*fiscalv1.Run)) (*fiscalv1.Run, error) {
	plan, err := recovery.Plan(id, t.name, fiscalv1.Action_ACTION_RESEND_OFD)
	if err != nil {
		return nil, err
	}
	return recovery.Run(ctx, beside{hands{t: t, id: id, courier: f.courier}}, plan, time.Now, report), nil
}

// beside are hands that work beside the till's goroutine.
type beside struct{ hands }

var _ recovery.Hands = beside{}

// Read asks the goroutine to read.
func (h beside) Read(ctx context.Context) (string, error) {
	type answer struct{ text string } // nil when the goroutine was never free
	said, err := borrow(ctx, h.t, func(work context.Context) (*answer, error) {
		text, err := h.hands.Read(work)
		return &answer{text}, err
	})
	if said == nil {
		return "Касса занята.", err
	}
	return said.text, err
}

func (h hands) ResendOFD(ctx context.Context) (string, error) {
	if h.courier == nil {
		return "Эта касса передаёт документы в ОФД сама. Проверьте её интернет.", errUnsupported
	}
	return h.courier.Resend(ctx, h.t.name)
}

// SetFinish says whether a till goes on printing by itself when the paper is
// back; nil leaves it to its configuration.
func (f *Fleet) SetFinish(name string, on *bool) {
	if t := f.byName[name]; t != nil {
		t.finish.Store(on)
	}
}

// OnFinished says who hears that a till went on printing by itself; before Run.
// It must not block.
func (f *Fleet) OnFinished(hear func(till string, began time.Time, ok bool)) {
	for _, t := range f.tills {
		t.finished = hear
	}
}
