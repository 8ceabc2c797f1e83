package bundle

import (
	"bytes"
	"context"
	"fmt"

	"google.golang.org/protobuf/proto"

	fiscalv1 "github.com/chekan-io/chekan/proto/gen/fiscal/v1"
)

// ForTicket makes the bundle of a run that did not help, and the run as it may
// leave the shop with it: its sentences come from the till and from operations,
// so they go through the same scrubbing as the log.
func ForTicket(ctx context.Context, src Source, run *fiscalv1.Run) (zip []byte, clean *fiscalv1.Run, err error) {
	var file bytes.Buffer
	m := newMaker(&file, src)
	if err := m.make(ctx); err != nil {
		return nil, nil, fmt.Errorf("bundle of a ticket: %w", err)
	}
	clean = proto.CloneOf(run)
	clean.Text = m.scrub.text(clean.GetText())
	for _, step := range clean.GetSteps() {
		step.Result = m.scrub.text(step.GetResult())
	}
	return file.Bytes(), clean, nil
}
