package uplink

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"time"

	"connectrpc.com/connect"
	"google.golang.org/protobuf/proto"

	uplinkv1 "github.com/chekan-io/chekan/proto/gen/uplink/v1"
	"github.com/chekan-io/chekan/proto/pack"
)

const (
	batchEntries = 500
	batchBytes   = 256 << 10 // before compression
	// helloEvery refreshes the clock, and notices a cabinet that was restored
	// from a copy without the line breaking.
	helloEvery = 10 * time.Minute
)

// batch is entries made ready to be sent.
type batch struct {
	after, last uint64 // cursor before the first, and of the last
	entries     int
	request     *uplinkv1.PushRequest
	err         error
}

// pusher is where the sending of one life stands.
type pusher struct {
	*session
	after uint64 // sent and acknowledged, or put aside as refused
	// hole is the cursor before the first refused entry: the journal's cursor
	// stays there, so that no refused entry is ever forgotten.
	hole *uint64
	// turns is how often the line had come up and gone down at the hello.
	turns int
	// singly: up to this cursor entries go one by one, because the cabinet
	// refused a batch that ended there.
	singly uint64
}

// pushLoop says hello and sends the outbox until ctx ends.
func (s *session) pushLoop(ctx context.Context) {
	var wait backoff
	for {
		before := s.o.Journal.Acked()
		err := s.pushSession(ctx)
		if ctx.Err() != nil {
			return
		}
		if err == nil {
			continue
		}
		if s.o.Journal.Acked() != before {
			wait.reset()
		}
		s.o.Log.Debug("push stopped", "error", err)
		if !wait.sleep(ctx, &s.link) {
			return
		}
	}
}

// pushSession is one conversation: hello, then batches until something fails,
// or until it is time for another hello (nil).
func (s *session) pushSession(ctx context.Context) error {
	cursor, err := s.hello(ctx)
	if err != nil {
		return fmt.Errorf("hello: %w", err)
	}
	p := &pusher{session: s, turns: s.link.changes()}
	// The cabinet is asked what it has: one restored from an old copy gets
	// again what it lost. What it has beyond our cursor is only an answer we
	// did not hear; the repeat changes nothing.
	p.after = min(s.o.Journal.Acked(), cursor)
	s.refused.Store(0)
	until := time.Now().Add(helloEvery)
	for ctx.Err() == nil && time.Now().Before(until) {
		kicks := s.link.kicks()
		sent, err := p.drain(ctx)
		if errors.Is(err, errBroken) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("push: %w", err)
		}
		if sent {
			continue
		}
		select {
		case <-ctx.Done():
		case <-time.After(time.Until(until)):
		case <-kicks:
		case <-s.o.Journal.OutboxSignal():
		}
	}
	return ctx.Err()
}

// hello says who speaks and hears what the cabinet has.
func (s *session) hello(ctx context.Context) (cursor uint64, err error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	began := time.Now()
	answer, err := s.rpc.Hello(ctx, &uplinkv1.HelloRequest{
		Capability: Capability, Version: s.o.Version, Host: s.o.Host, Tills: s.o.Tills.States(), JournalId: s.o.Journal.ID(),
		Plans: s.plans(), Platform: runtime.GOOS + "/" + runtime.GOARCH, Instance: s.program.instance, Token: s.program.last(),
		CertificateUntilMs: s.Identity().Expires().UnixMilli(),
	})
	if s.note(ctx, "hello", err) != nil {
		return 0, err
	}
	if err := s.program.keep(answer.GetToken()); err != nil {
		s.o.Log.Warn("a restart may look like another program", "error", err)
	}
	if ms := answer.GetNowMs(); ms > 0 {
		// The answer was made somewhere between question and answer.
		middle := began.Add(time.Since(began) / 2)
		s.offset.Store(int64(time.UnixMilli(ms).Sub(middle.Round(0))))
	}
	s.copied.take(answer)
	s.gate.set(true, false)
	return answer.GetCursor(), nil
}

// errBroken says that the line broke since the hello, perhaps in another loop:
// the cabinet has to be asked anew what it has before it gets more, or it could
// take a batch without having what goes before.
var errBroken = errors.New("the line broke since the hello")

// drain sends batches until the outbox is empty; sent is false when it was.
// While one batch is on its way the next one is made.
func (p *pusher) drain(ctx context.Context) (sent bool, err error) {
	next := p.build(ctx, p.after, p.limit())
	for next.err == nil {
		if p.link.changes() != p.turns {
			return sent, errBroken
		}
		if next.entries == 0 {
			return sent, nil
		}
		ahead := make(chan batch, 1)
		limit := p.limit()
		go func() { ahead <- p.build(ctx, next.last, limit) }()
		err := p.send(ctx, next)
		following := <-ahead
		if err != nil {
			return sent, err
		}
		sent = true
		if following.after == p.after {
			next = following
		} else {
			next = p.build(ctx, p.after, p.limit()) // the cabinet took less than all
		}
	}
	return sent, next.err
}

// limit is how many entries the next batch may have.
func (p *pusher) limit() int {
	if p.after < p.singly {
		return 1
	}
	return batchEntries
}

// build reads and packs what follows a cursor.
func (p *pusher) build(ctx context.Context, after uint64, limit int) batch {
	b := batch{after: after, last: after}
	entries, err := p.o.Journal.Outbox(ctx, after, limit)
	if err != nil {
		b.err = fmt.Errorf("read the outbox: %w", err)
		return b
	}
	content := new(uplinkv1.Batch)
	size := 0
	for _, e := range entries {
		entry := &uplinkv1.Entry{Cursor: e.Cursor, Operation: e.Record.GetOperation()}
		size += proto.Size(entry)
		if b.entries > 0 && size > batchBytes {
			break
		}
		content.Entries = append(content.Entries, entry)
		b.last = e.Cursor
		b.entries++
	}
	if b.entries == 0 {
		return b
	}
	b.request = &uplinkv1.PushRequest{JournalId: p.o.Journal.ID()}
	b.request.Dictionary, b.request.Packed, err = pack.Pack(content)
	if errors.Is(err, pack.ErrTooLarge) {
		b.request = nil // send deals with it as with a refusal
	} else if err != nil {
		b.err = fmt.Errorf("pack: %w", err)
	}
	return b
}

// errStuck says that the cabinet took a batch and acknowledged nothing of it.
var errStuck = errors.New("the cabinet acknowledged nothing")

// send gives one batch and moves the cursors.
func (p *pusher) send(ctx context.Context, b batch) error {
	if b.request == nil {
		return p.refuse(b, pack.ErrTooLarge)
	}
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	answer, err := p.rpc.Push(ctx, b.request)
	if code := connect.CodeOf(err); err != nil && (code == connect.CodeInvalidArgument || code == connect.CodeDataLoss || code == connect.CodeOutOfRange) {
		return p.refuse(b, err)
	}
	if p.note(ctx, "push", err) != nil {
		return err
	}
	got := min(answer.GetCursor(), b.last)
	if got <= b.after {
		return errStuck
	}
	p.after = got
	if p.hole != nil {
		return nil
	}
	if err := p.o.Journal.Ack(got); err != nil {
		return fmt.Errorf("note the cursor: %w", err)
	}
	return nil
}

// refuse deals with a batch the cabinet cannot take. Sent one by one, all but
// the bad entry pass; the bad one is put aside, told as a problem and offered
// again in the next conversation.
func (p *pusher) refuse(b batch, err error) error {
	if b.entries > 1 {
		p.singly = b.last
		p.o.Log.Warn("cabinet refused a batch, sending one by one", "entries", b.entries, "error", err)
		return nil
	}
	p.o.Log.Error("cabinet refused an entry", "cursor", b.last, "error", err)
	if p.hole == nil {
		hole := b.after
		p.hole = &hole
	}
	p.refused.Add(1)
	p.after = b.last
	return nil
}
