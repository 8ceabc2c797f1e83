package usbtest

import (
	"context"
	"errors"
	"sync"
	"syscall"
)

// Transfer is what a host asks of a device.
type Transfer struct {
	Endpoint byte // with bit 7 for IN; 0 is the control pipe
	Setup    [8]byte
	Data     []byte // of an OUT transfer
	Length   int    // how much an IN transfer takes
}

func (t *Transfer) in() bool {
	if t.Endpoint == 0 {
		return t.Setup[0]&0x80 != 0
	}
	return t.Endpoint&0x80 != 0
}

// Result is what became of a transfer.
type Result struct {
	// Errno is 0, EPIPE for a stall, ECONNRESET when it was called off,
	// ESHUTDOWN when the device was pulled out.
	Errno  syscall.Errno
	Actual int    // bytes that passed
	Data   []byte // of an IN transfer
}

// Socket is a device plugged in. Transfers of one endpoint are done in the order
// they came, those of different endpoints side by side.
type Socket struct {
	device *Device
	life   context.Context
	pull   context.CancelFunc
	all    sync.WaitGroup

	mu     sync.Mutex
	pulled bool
	queues map[byte]chan struct{} // closed by the last transfer of the endpoint
}

// Plug plugs a device in.
func Plug(d *Device) *Socket {
	s := &Socket{device: d, queues: map[byte]chan struct{}{}}
	s.life, s.pull = context.WithCancel(context.Background())
	return s
}

// Device is what is plugged in.
func (s *Socket) Device() *Device { return s.device }

// Gone is closed when the device is pulled out.
func (s *Socket) Gone() <-chan struct{} { return s.life.Done() }

// Unplug pulls the device out: what is under way ends at once, with the bytes
// that had passed until then.
func (s *Socket) Unplug() {
	s.mu.Lock()
	s.pulled = true
	s.mu.Unlock()
	s.pull()
	s.all.Wait()
}

// Submit begins a transfer. done is called once, from another goroutine. The
// function returned calls the transfer off.
func (s *Socket) Submit(t Transfer, done func(Result)) (cancel func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.pulled {
		go done(Result{Errno: syscall.ESHUTDOWN})
		return func() {}
	}
	ctx, cancel := context.WithCancel(s.life)
	before, after := s.queues[t.Endpoint], make(chan struct{})
	s.queues[t.Endpoint] = after
	s.all.Go(func() {
		defer cancel()
		if before != nil {
			select {
			case <-before:
			case <-ctx.Done():
				// Called off before its turn: those before it go on, and those
				// behind it still wait for them.
				done(Result{Errno: s.why()})
				<-before
				close(after)
				return
			}
		}
		r := s.do(ctx, &t)
		close(after)
		done(r)
	})
	return cancel
}

func (s *Socket) do(ctx context.Context, t *Transfer) Result {
	if ctx.Err() != nil {
		return Result{Errno: s.why()}
	}
	var r Result
	var err error
	switch {
	case t.Endpoint == 0:
		r.Data, err = s.device.control(ParseSetup(t.Setup), t.Data)
		r.Actual = len(r.Data)
		if !t.in() {
			r.Actual, r.Data = len(t.Data), nil
		}
	case t.in():
		r.Data, err = s.device.Function.In(ctx, t.Endpoint, t.Length)
		r.Actual = len(r.Data)
	default:
		r.Actual, err = s.device.Function.Out(ctx, t.Endpoint, t.Data)
	}
	switch {
	case err == nil:
	case errors.Is(err, errStall):
		r.Errno = syscall.EPIPE
	default:
		r.Errno = s.why()
	}
	return r
}

func (s *Socket) why() syscall.Errno {
	if s.life.Err() != nil {
		return syscall.ESHUTDOWN
	}
	return syscall.ECONNRESET
}
