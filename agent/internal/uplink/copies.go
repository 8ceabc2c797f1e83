package uplink

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"sync"
	"time"

	"connectrpc.com/connect"

	uplinkv1 "github.com/chekan-io/chekan/proto/gen/uplink/v1"
	"github.com/chekan-io/chekan/proto/pack"
)

const (
	// copyBatch is how many documents travel together, copyPace how often the
	// tills are asked for more: copies are for reading later and never hurry.
	copyBatch = 50
	copyPace  = 2 * time.Second
)

// copyCapability is what a cabinet must understand to take copies.
const copyCapability = 3

// copied is where the cabinet's copies end.
type copied struct {
	mu   sync.Mutex
	have map[string]uint32 // nil: the cabinet has not said, or takes none
}

// take notes what the cabinet says of its copies at every hello: one that was
// restored from an old copy gets again what it lost.
func (c *copied) take(answer *uplinkv1.HelloResponse) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.have = nil
	if answer.GetCapability() < copyCapability {
		return
	}
	c.have = map[string]uint32{}
	for _, cursor := range answer.GetCopies() {
		if cursor.GetFd() > 0 { // 0: no copy yet
			c.have[cursor.GetFn()] = cursor.GetFd()
		}
	}
}

func (c *copied) get() map[string]uint32 {
	c.mu.Lock()
	defer c.mu.Unlock()
	return maps.Clone(c.have)
}

// advance notes copies that the cabinet has stored.
func (c *copied) advance(documents []*uplinkv1.DocumentCopy) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.have == nil {
		return
	}
	for _, d := range documents {
		c.have[d.GetDocument().GetFn()] = d.GetDocument().GetFd()
	}
}

// copyLoop gives the cabinet the documents of the fiscal memories, byte for
// byte and in order, until ctx ends.
func (s *session) copyLoop(ctx context.Context) {
	var wait backoff
	for ctx.Err() == nil {
		var documents []*uplinkv1.DocumentCopy
		if have := s.copied.get(); have != nil {
			documents = s.o.Tills.Copies(ctx, have, copyBatch)
		}
		if len(documents) == 0 {
			pause(ctx, copyPace, nil)
			continue
		}
		if err := s.pushCopies(ctx, documents); err != nil {
			s.o.Log.Debug("copying stopped", "error", err)
			if !wait.sleep(ctx, &s.link) {
				return
			}
			continue
		}
		wait.reset()
		s.copied.advance(documents)
	}
}

// pushCopies sends copies, one by one when the cabinet refuses them together.
// One that it refuses alone is left out: the fiscal memory still has it, and
// those behind it must not wait for ever.
func (s *session) pushCopies(ctx context.Context, documents []*uplinkv1.DocumentCopy) error {
	content := new(uplinkv1.Batch)
	for _, c := range documents {
		content.Entries = append(content.Entries, &uplinkv1.Entry{Copy: c})
	}
	request := &uplinkv1.PushRequest{JournalId: s.o.Journal.ID()}
	var err error
	request.Dictionary, request.Packed, err = pack.Pack(content)
	if err == nil {
		call, cancel := context.WithTimeout(ctx, callTimeout)
		_, err = s.rpc.Push(call, request)
		cancel()
		switch connect.CodeOf(err) { //nolint:exhaustive // every other code passes with time
		case connect.CodeInvalidArgument, connect.CodeDataLoss, connect.CodeOutOfRange:
		default:
			return s.note(ctx, "push", err)
		}
	} else if !errors.Is(err, pack.ErrTooLarge) {
		return fmt.Errorf("pack: %w", err)
	}
	if len(documents) == 1 {
		d := documents[0].GetDocument()
		s.o.Log.Error("cabinet refused the copy of a document", "fn", d.GetFn(), "fd", d.GetFd(), "error", err)
		return nil
	}
	for i := range documents {
		if err := s.pushCopies(ctx, documents[i:i+1]); err != nil {
			return err
		}
	}
	return nil
}
