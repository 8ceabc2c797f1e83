package till

import (
	"context"
	"errors"
	"fmt"

	"github.com/chekan-io/chekan/drivers"
	uplinkv1 "github.com/chekan-io/chekan/proto/gen/uplink/v1"
)

// firstCopies is how far back copying begins on a fiscal memory that the
// cabinet has no copy of: what is older is seldom there whole, because the
// memory keeps the tags of delivered documents for a month only.
const firstCopies = 500

// Copies reads up to limit documents of the tills' fiscal memories that follow
// the last ones the cabinet has (number of the memory → number of the
// document), a till's own oldest first. Nothing is kept here: the fiscal memory
// is the store and the cabinet knows where its copy ends. A till with anything
// else to do is passed over: a sale waits for one document at most.
func (f *Fleet) Copies(ctx context.Context, have map[string]uint32, limit int) []*uplinkv1.DocumentCopy {
	var out []*uplinkv1.DocumentCopy
	for _, t := range f.tills {
		reader, ok := t.device.(drivers.TLVReader)
		if !ok {
			continue
		}
		s := t.State()
		fd, known := have[s.GetFn()]
		if !known && s.GetLastFd() > firstCopies {
			fd = s.GetLastFd() - firstCopies
		}
		for fd++; fd <= s.GetLastFd() && len(out) < limit && ctx.Err() == nil; fd++ {
			c, err := t.copy(ctx, reader, s.GetFn(), fd)
			if err != nil {
				break // the next round asks again
			}
			out = append(out, c)
		}
	}
	return out
}

// errOccupied says that the till has more urgent work than copying.
var errOccupied = errors.New("the till has other work")

// copy reads one document, between operations. A document whose tags the memory
// no longer keeps is copied without them.
func (t *Till) copy(ctx context.Context, reader drivers.TLVReader, fn string, fd uint32) (*uplinkv1.DocumentCopy, error) {
	if len(t.jobs) > 0 {
		return nil, errOccupied
	}
	return borrow(ctx, t, func(work context.Context) (*uplinkv1.DocumentCopy, error) {
		if t.open != nil || t.failure != nil || t.stranger != nil || t.paper != nil || t.status.Paper != drivers.PaperReady || t.identity.FN != fn {
			return nil, errOccupied
		}
		work, cancel := context.WithTimeout(work, readLimit)
		defer cancel()
		doc, err := t.device.Document(work, fd)
		if err != nil {
			return nil, fmt.Errorf("read document %d: %w", fd, err)
		}
		doc.FN = fn
		c := &uplinkv1.DocumentCopy{Till: t.name, Document: documentProto(doc)}
		c.Tlv, err = reader.DocumentTLV(work, fd)
		if errors.Is(err, drivers.ErrNoTags) || errors.Is(err, drivers.ErrNoDocument) {
			return c, nil
		}
		return c, err
	})
}
