// Package ofd is a simulated operator of fiscal data (ОФД): it takes documents
// of fiscal memories over TCP, checks and acknowledges them.
//
// # What it does as a real one does
//
// It answers a service message with a service message; hangs up without an
// answer on what it cannot authenticate (a damaged container, a memory it does
// not know); acknowledges a document that has come before again; and with Strict
// answers a document that breaks the format with the code 14, which still is an
// acknowledgement.
//
// # What it can be told to do
//
// [Server.Behave]: be down, keep silent, hang up after taking a document, refuse
// it, garble the answer, add a message for the till, be slow. Together with the
// clock, which is passed in, that is everything an operator can do to a shop.
//
// # The ledger
//
// Every document it acknowledged is in the ledger, durable in the flash before
// the answer leaves: which memory, which number, how often it came, its tags.
// [Server.Verify] says whether the ledger is a possible story: documents of a
// memory came in order, none changed between two arrivals. Tests compare it with
// the archive of the fiscal memory.
//
// # What it does not do
//
// It has no cryptography: signs are echoed and made up. It does not decrypt, so
// documents of an encrypting till are kept as they come.
package ofd

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/fnv"
	"io"
	"log/slog"
	"net"
	"sync"
	"syscall"
	"time"

	"github.com/chekan-io/chekan/protocol/fiscal"
	codec "github.com/chekan-io/chekan/protocol/ofd"
	"github.com/chekan-io/chekan/sim/flash"
)

// Platforma is the operator the simulator plays when it is not told otherwise.
const Platforma = "9715260691"

// Options are what the operator is made of. The zero value takes everybody's
// documents and forgets them with the process.
type Options struct {
	// Flash keeps the ledger; nil is the memory of the process.
	Flash flash.Log
	// Now is the operator's civil time, carried as UTC; nil is the computer's.
	Now func() time.Time
	// INN is the operator's own; empty is Platforma's.
	INN string
	// Known are the memories under contract; empty is all.
	Known []string
	// Strict answers a document that breaks the format with the code 14;
	// otherwise it is accepted and its problems stand in the ledger.
	Strict bool
	// Closes hangs up after every answer, as some operators do.
	Closes bool
	Logger *slog.Logger // nil is silence
}

// Behaviour is how the operator treats a message.
type Behaviour int

// Behaviours.
const (
	Accept  Behaviour = iota
	Down              // takes no connections
	Silent            // takes the message, says nothing and keeps the line
	Drop              // takes the message, keeps it and hangs up
	Refuse            // acknowledges with the code 14
	Garble            // answers with a damaged container
	Message           // acknowledges with a message for the till (tag 1206)
)

// Conduct is a behaviour with its details.
type Conduct struct {
	Behaviour Behaviour
	Count     int           // for so many documents; 0 is until the next word
	Delay     time.Duration // before every answer
	Notice    codec.Notice  // for Message
}

// Server is a simulated operator. It is safe for use by several goroutines.
type Server struct {
	opts Options
	log  *slog.Logger

	mu      sync.Mutex
	book    book
	conduct Conduct
	changed chan struct{} // closed when the conduct changes
	lines   map[net.Conn]struct{}
	closed  chan struct{}
}

// New opens the ledger.
func New(opts Options) (*Server, error) {
	if opts.Flash == nil {
		opts.Flash = new(flash.Memory)
	}
	if opts.Now == nil {
		opts.Now = func() time.Time {
			_, offset := time.Now().Zone()
			return time.Now().UTC().Add(time.Duration(offset) * time.Second)
		}
	}
	if opts.INN == "" {
		opts.INN = Platforma
	}
	if opts.Logger == nil {
		opts.Logger = slog.New(slog.DiscardHandler)
	}
	s := &Server{opts: opts, log: opts.Logger, changed: make(chan struct{}), lines: map[net.Conn]struct{}{}, closed: make(chan struct{})}
	records, err := opts.Flash.Records()
	if err != nil {
		return nil, fmt.Errorf("read the ledger: %w", err)
	}
	for i, r := range records {
		if err := s.book.replay(r); err != nil {
			return nil, fmt.Errorf("read the ledger: record %d: %w", i, err)
		}
	}
	return s, nil
}

// Behave changes how messages are treated from now on. Going down breaks the
// lines that are open.
func (s *Server) Behave(c Conduct) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.set(c)
}

func (s *Server) set(c Conduct) {
	s.conduct = c
	close(s.changed)
	s.changed = make(chan struct{})
	if c.Behaviour == Down {
		for l := range s.lines {
			_ = l.Close()
		}
	}
}

// Close breaks the lines and closes the ledger's flash. It is called once.
func (s *Server) Close() error {
	close(s.closed)
	s.mu.Lock()
	for l := range s.lines {
		_ = l.Close()
	}
	s.mu.Unlock()
	return s.opts.Flash.Close()
}

// next is the conduct towards the document that has just come.
func (s *Server) next() Conduct {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.conduct
	if c.Count > 0 {
		if s.conduct.Count--; s.conduct.Count == 0 {
			s.set(Conduct{})
		}
	}
	return c
}

func (s *Server) state() (down bool, changed <-chan struct{}) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.conduct.Behaviour == Down, s.changed
}

// Listen serves TCP at the address until ctx ends. Told to be down, it stops
// listening, so that callers are refused as by a dead server. ready, which may be
// nil, is told the address once.
func (s *Server) Listen(ctx context.Context, address string, ready func(address string)) error {
	var lines sync.WaitGroup
	defer lines.Wait()
	for ctx.Err() == nil {
		down, changed := s.state()
		if down {
			select {
			case <-changed:
			case <-ctx.Done():
			}
			continue
		}
		l, err := new(net.ListenConfig).Listen(ctx, "tcp", address)
		if err != nil {
			return fmt.Errorf("operator of fiscal data: %w", err)
		}
		address = l.Addr().String() // the same port again after being down
		if ready != nil {
			ready(address)
			ready = nil
		}
		s.serveUntilDown(ctx, l, &lines)
	}
	return nil
}

func (s *Server) serveUntilDown(ctx context.Context, l net.Listener, lines *sync.WaitGroup) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	go func() {
		defer func() { _ = l.Close() }()
		for {
			down, changed := s.state()
			if down {
				return
			}
			select {
			case <-changed:
			case <-ctx.Done():
				return
			}
		}
	}()
	for {
		conn, err := l.Accept()
		if err != nil {
			return
		}
		lines.Go(func() { s.Serve(ctx, conn) })
		context.AfterFunc(ctx, func() { _ = conn.Close() })
	}
}

// Dial gives the client's end of a line in memory, for tests without a network.
// It is refused when the operator is down.
func (s *Server) Dial(ctx context.Context, _, _ string) (net.Conn, error) {
	if down, _ := s.state(); down {
		return nil, &net.OpError{Op: "dial", Net: "tcp", Err: syscall.ECONNREFUSED}
	}
	client, server := net.Pipe()
	go s.Serve(context.WithoutCancel(ctx), server)
	return client, nil
}

// Serve talks on one line until it breaks; it closes the line.
func (s *Server) Serve(ctx context.Context, conn net.Conn) {
	s.mu.Lock()
	if s.conduct.Behaviour == Down {
		s.mu.Unlock()
		_ = conn.Close()
		return
	}
	s.lines[conn] = struct{}{}
	s.mu.Unlock()
	defer func() {
		s.mu.Lock()
		delete(s.lines, conn)
		s.mu.Unlock()
		_ = conn.Close()
	}()
	for {
		m, err := read(conn)
		if err != nil {
			if !errors.Is(err, io.EOF) {
				s.log.Info("line broken", "error", err)
			}
			return
		}
		if err := s.handle(ctx, conn, m); err != nil {
			s.log.Info("hang up", "fn", m.FN, "error", err)
			return
		}
		if s.opts.Closes {
			return
		}
	}
}

func read(conn net.Conn) (codec.Message, error) {
	header := make([]byte, codec.HeaderSize)
	if _, err := io.ReadFull(conn, header); err != nil {
		return codec.Message{}, err
	}
	n, err := codec.BodyLength(header)
	if err != nil {
		return codec.Message{}, err
	}
	whole := append(header, make([]byte, n)...)
	if _, err := io.ReadFull(conn, whole[codec.HeaderSize:]); err != nil {
		return codec.Message{}, err
	}
	return codec.ParseMessage(whole)
}

// What makes the operator hang up without an answer.
var (
	errUnknown  = errors.New("no contract for this fiscal memory")
	errDropping = errors.New("told to hang up")
	errChanged  = errors.New("another document came under the same number before")
)

// handle answers one message.
func (s *Server) handle(ctx context.Context, conn net.Conn, m codec.Message) error {
	if m.IsService() {
		_, err := conn.Write(m.Reply(nil).Append(nil))
		return err
	}
	c, err := codec.ParseContainer(m.Body)
	if err != nil {
		return err
	}
	problems, err := s.examine(m, c)
	if err != nil {
		return err
	}
	conduct := s.next()
	ack := codec.Acknowledgement{At: civil(s.opts.Now()), INN: s.opts.INN, Sign: signature(c)}
	if conduct.Behaviour == Refuse || s.opts.Strict && len(problems) > 0 {
		ack.Code = codec.CodeFormat
	}
	if conduct.Behaviour == Message {
		ack.Notice = conduct.Notice
	}
	if conduct.Behaviour != Silent && conduct.Behaviour != Down {
		if err := s.enter(m, c, ack.Code, problems); err != nil {
			return err
		}
	}
	if conduct.Delay > 0 {
		select {
		case <-time.After(conduct.Delay):
		case <-s.closed:
			return net.ErrClosed
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	switch conduct.Behaviour {
	case Silent:
		return nil
	case Drop, Down:
		return errDropping
	case Accept, Refuse, Garble, Message:
	}
	sum := fnvSum(c.Document)
	body := c.Acknowledge(ack, [6]byte(sum[:6])).Append(nil)
	if conduct.Behaviour == Garble {
		body[len(body)/2] ^= 0x55
	}
	_, err = conn.Write(m.Reply(body).Append(nil))
	return err
}

// signature is what stands for the operator's cryptography.
func signature(c codec.Container) (sign [18]byte) {
	sum := fnvSum(binary.BigEndian.AppendUint32([]byte(c.FN), c.FD))
	copy(sign[:], sum[:])
	return sign
}

func fnvSum(b []byte) [8]byte {
	h := fnv.New64a()
	_, _ = h.Write(b)
	return [8]byte(h.Sum(nil))
}

func civil(t time.Time) fiscal.DateTime {
	return fiscal.DateTime{Year: t.Year(), Month: int(t.Month()), Day: t.Day(), Hour: t.Hour(), Minute: t.Minute(), Second: t.Second()}
}
