package uplink

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"connectrpc.com/connect"
	"google.golang.org/protobuf/proto"

	"github.com/chekan-io/chekan/drivers"
	fiscalv1 "github.com/chekan-io/chekan/proto/gen/fiscal/v1"
	uplinkv1 "github.com/chekan-io/chekan/proto/gen/uplink/v1"
)

const (
	// ticketsDir is the folder, under that of the data, where tickets wait.
	ticketsDir = "tickets"
	// ticketsEvery is how often a ticket that the cabinet cannot place yet is
	// offered again.
	ticketsEvery = 10 * time.Minute
	// ticketTimeout is for a bundle on a slow line.
	ticketTimeout = 5 * time.Minute
	// maxBundle is the greatest bundle that travels with a ticket; the whole must
	// stay below what the cabinet takes in one call.
	maxBundle = 4 << 20
	// mostTickets bounds what waits on disk: a till and a cause have one open
	// ticket, so more is a shop that has been off the line for long.
	mostTickets = 32
)

// errNoCabinet says that there is nobody to call.
var errNoCabinet = errors.New("агент не подключён к кабинету, позвоните в обслуживание")

// Ticket is a call for help as people at the till see it.
type Ticket struct {
	ID    string
	Till  string
	Cause string
	// Sent is true when the cabinet has it.
	Sent bool
	// Opened is when help was called.
	Opened time.Time
}

// ticket is one file of the folder.
type ticket struct {
	ID       string    `json:"id"`
	Till     string    `json:"till"`
	Cause    string    `json:"cause"`
	Opened   time.Time `json:"opened"`
	Sent     bool      `json:"sent"`
	Over     bool      `json:"over"`              // the till has worked since
	Question []byte    `json:"request,omitempty"` // OpenTicketRequest, until the cabinet has it
}

// tickets are the calls for help: on disk from the moment somebody hears their
// number until the cabinet has them and the till works again.
type tickets struct {
	dir string
	log *slog.Logger

	mu   sync.Mutex
	list []*ticket // oldest first
	news chan struct{}
}

// load reads the folder. A file that cannot be read is left for people.
func (ts *tickets) load(dir string, log *slog.Logger) {
	ts.dir, ts.log, ts.news = dir, log, make(chan struct{}, 1)
	entries, err := os.ReadDir(dir)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		log.Warn("tickets are not readable", "error", err)
	}
	for _, e := range entries {
		if !strings.HasSuffix(e.Name(), ".json") {
			continue
		}
		t := new(ticket)
		b, err := os.ReadFile(filepath.Join(dir, e.Name()))
		if err == nil {
			err = json.Unmarshal(b, t)
		}
		if err != nil || t.ID == "" {
			log.Warn("ticket is not readable", "file", e.Name(), "error", err)
			continue
		}
		ts.list = append(ts.list, t)
	}
	slices.SortFunc(ts.list, func(a, b *ticket) int { return cmp.Or(a.Opened.Compare(b.Opened), strings.Compare(a.ID, b.ID)) })
	signal(ts.news)
}

func (ts *tickets) file(t *ticket) string { return filepath.Join(ts.dir, t.ID+".json") }

// save writes a ticket so that after a power cut it is there whole, or as it was.
func (ts *tickets) save(t *ticket) error {
	b, err := json.Marshal(t)
	if err == nil {
		err = os.MkdirAll(ts.dir, 0o700)
	}
	if err != nil {
		return fmt.Errorf("save ticket: %w", err)
	}
	f, err := os.CreateTemp(ts.dir, "ticket-*.new") // made with mode 0600
	if err != nil {
		return fmt.Errorf("save ticket: %w", err)
	}
	_, err = f.Write(b)
	if err == nil {
		err = f.Sync()
	}
	err = errors.Join(err, f.Close())
	if err == nil {
		err = os.Rename(f.Name(), ts.file(t))
	}
	if err != nil {
		_ = os.Remove(f.Name())
		return fmt.Errorf("save ticket: %w", err)
	}
	syncFolder(ts.dir)
	return nil
}

// open finds the open ticket of a till and a cause; mu is held.
func (ts *tickets) open(till, cause string) *ticket {
	for _, t := range slices.Backward(ts.list) {
		if t.Till == till && t.Cause == cause && !t.Over {
			return t
		}
	}
	return nil
}

// put keeps a new ticket.
func (ts *tickets) put(t *ticket) error {
	ts.mu.Lock()
	defer ts.mu.Unlock()
	if len(ts.list) >= mostTickets {
		return fmt.Errorf("заявок, которые ждут связи, уже %d", len(ts.list))
	}
	if err := ts.save(t); err != nil {
		return err
	}
	ts.list = append(ts.list, t)
	signal(ts.news)
	return nil
}

// next gives the oldest ticket that the cabinet has not got, after those tried.
func (ts *tickets) next(tried map[string]bool) *ticket {
	ts.mu.Lock()
	defer ts.mu.Unlock()
	for _, t := range ts.list {
		if !t.Sent && !tried[t.ID] {
			return t
		}
	}
	return nil
}

// change amends a ticket on disk and in memory; one that is sent and over is
// forgotten. What cannot be written is tried again at the next start: sending
// twice changes nothing.
func (ts *tickets) change(t *ticket, amend func(*ticket)) {
	ts.mu.Lock()
	defer ts.mu.Unlock()
	amend(t)
	if t.Sent {
		t.Question = nil
	}
	var err error
	if t.Sent && t.Over {
		ts.list = slices.DeleteFunc(ts.list, func(other *ticket) bool { return other == t })
		err = os.Remove(ts.file(t))
	} else {
		err = ts.save(t)
	}
	if err != nil {
		ts.log.Warn("ticket is not amended on disk", "ticket", t.ID, "error", err)
	}
}

// look ends the tickets of tills that work again: the next trouble is another one.
func (ts *tickets) look(states []*fiscalv1.TillState) {
	ts.mu.Lock()
	var over []*ticket
	for _, t := range ts.list {
		if !t.Over && slices.ContainsFunc(states, func(s *fiscalv1.TillState) bool { return s.GetTill() == t.Till && works(s) }) {
			over = append(over, t)
		}
	}
	ts.mu.Unlock()
	for _, t := range over {
		ts.log.Info("till works again, the ticket is over", "ticket", t.ID, "till", t.Till)
		ts.change(t, func(t *ticket) { t.Over = true })
	}
}

// works tells whether the ladder would leave a till alone.
func works(s *fiscalv1.TillState) bool {
	return s.GetOnline() && !s.GetRecovering() && !slices.ContainsFunc(s.GetProblems(), func(p *fiscalv1.Problem) bool {
		return p.GetSeverity() >= fiscalv1.Severity_SEVERITY_CRITICAL || s.GetPaperOwed() || p.GetCode() == drivers.CodeContinue
	})
}

// Tickets gives the tickets of tills that do not work yet, oldest first.
func (c *Client) Tickets() []Ticket {
	c.tickets.mu.Lock()
	defer c.tickets.mu.Unlock()
	var out []Ticket
	for _, t := range c.tickets.list {
		if !t.Over {
			out = append(out, Ticket{ID: t.ID, Till: t.Till, Cause: t.Cause, Sent: t.Sent, Opened: t.Opened})
		}
	}
	return out
}

// Call opens a ticket with a run that did not help and tells its number and
// where it is; it is durable by then. A till has one open ticket for one cause:
// the same call gives the same number, until the till has worked again.
func (c *Client) Call(ctx context.Context, run *fiscalv1.Run, cause, text string) (id, said string, err error) {
	if c.Identity() == nil {
		return "", "", errNoCabinet
	}
	c.tickets.mu.Lock()
	known := c.tickets.open(run.GetTill(), cause)
	c.tickets.mu.Unlock()
	if known != nil {
		return known.ID, c.where(known), nil
	}
	t := &ticket{ID: ticketID(), Till: run.GetTill(), Cause: cause, Opened: time.Now()}
	run = proto.CloneOf(run)
	run.Ticket = t.ID
	var file []byte
	clean, bundleErr := mute(run), errors.New("no bundle is made here")
	if c.o.Bundle != nil {
		if b, r, err := c.o.Bundle(ctx, run); err != nil {
			bundleErr = err
		} else {
			file, clean, bundleErr = b, r, nil
		}
	}
	if len(file) > maxBundle {
		file, bundleErr = nil, fmt.Errorf("%d bytes are too many", len(file))
	}
	if bundleErr != nil {
		c.o.Log.Warn("ticket has no bundle", "ticket", t.ID, "till", t.Till, "error", bundleErr)
	}
	t.Question, err = proto.Marshal(&uplinkv1.OpenTicketRequest{
		Id: t.ID, Till: t.Till, Run: clean, Text: text, Bundle: file, OpenedMs: c.now().UnixMilli(),
	})
	if err == nil {
		err = c.tickets.put(t)
	}
	if err != nil {
		return "", "", err
	}
	c.o.Log.Info("ticket opened", "ticket", t.ID, "till", t.Till, "cause", cause, "bundle", len(file))
	return t.ID, c.where(t), nil
}

// where says where a ticket is.
func (c *Client) where(t *ticket) string {
	c.tickets.mu.Lock()
	sent := t.Sent
	c.tickets.mu.Unlock()
	switch {
	case sent:
		return fmt.Sprintf("Заявка № %s отправлена в обслуживание.", t.ID)
	case c.Status().Online:
		return fmt.Sprintf("Заявка № %s отправляется в обслуживание.", t.ID)
	}
	return fmt.Sprintf("Заявка № %s ждёт связи с кабинетом.", t.ID)
}

// mute takes the sentences of the till out of a run.
func mute(run *fiscalv1.Run) *fiscalv1.Run {
	out := proto.CloneOf(run)
	out.Text = ""
	for _, s := range out.GetSteps() {
		s.Result = ""
	}
	return out
}

// ticketID makes a number that can be read out over the telephone.
func ticketID() string {
	t := rand.Text()
	return t[:4] + "-" + t[4:8]
}

// ticketLoop gives the cabinet the tickets it has not got.
func (s *session) ticketLoop(ctx context.Context) {
	var wait backoff
	tried := map[string]bool{} // the cabinet cannot place them yet
	for {
		t := s.tickets.next(tried)
		if t == nil {
			timer := time.NewTimer(ticketsEvery)
			select {
			case <-ctx.Done():
				timer.Stop()
				return
			case <-s.tickets.news:
			case <-timer.C:
				clear(tried)
			}
			timer.Stop()
			continue
		}
		err := s.openTicket(ctx, t)
		switch connect.CodeOf(err) { //nolint:exhaustive // the other codes are worth another try soon
		case connect.CodeNotFound, connect.CodeUnimplemented: // the till is not known there yet, or tickets are not
			tried[t.ID] = true
			s.o.Log.Info("cabinet cannot place the ticket yet", "ticket", t.ID, "error", err)
			continue
		case connect.CodeInvalidArgument, connect.CodeAlreadyExists:
			s.o.Log.Warn("cabinet does not want the ticket", "ticket", t.ID, "error", err)
			err = nil
		}
		if err != nil {
			if !wait.sleep(ctx, &s.link) {
				return
			}
			continue
		}
		wait.reset()
		s.tickets.change(t, func(t *ticket) { t.Sent = true })
		s.o.Log.Info("ticket told", "ticket", t.ID, "till", t.Till)
	}
}

func (s *session) openTicket(ctx context.Context, t *ticket) error {
	q := new(uplinkv1.OpenTicketRequest)
	if err := proto.Unmarshal(t.Question, q); err != nil {
		return connect.NewError(connect.CodeInvalidArgument, fmt.Errorf("ticket on disk: %w", err))
	}
	ctx, cancel := context.WithTimeout(ctx, ticketTimeout)
	defer cancel()
	_, err := s.rpc.OpenTicket(ctx, q)
	if code := connect.CodeOf(err); err != nil && (code == connect.CodeNotFound || code == connect.CodeUnimplemented ||
		code == connect.CodeInvalidArgument || code == connect.CodeAlreadyExists) {
		return err
	}
	return s.note(ctx, "open ticket", err)
}
