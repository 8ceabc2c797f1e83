package update

import (
	"context"
	"errors"
	"io"

	fiscalv1 "github.com/chekan-io/chekan/proto/gen/fiscal/v1"
	uplinkv1 "github.com/chekan-io/chekan/proto/gen/uplink/v1"
)

// Cabinet is the line to the cabinet; *uplink.Client is one. Its methods may be
// called from any goroutine.
type Cabinet interface {
	// Offer asks which version to run.
	Offer(ctx context.Context, r *uplinkv1.FetchUpdateRequest) (*uplinkv1.FetchUpdateResponse, error)
	// Report tells where an update stands. nil is that the cabinet has it, or will
	// never want it.
	Report(ctx context.Context, r *uplinkv1.ReportUpdateRequest) error
	// Get begins to read a file of the releases, "metadata/timestamp.json", from an
	// offset. at is where the answer begins: a server may begin anew. ErrAbsent
	// is that there is no such file.
	Get(ctx context.Context, path string, offset int64) (body io.ReadCloser, at int64, err error)
	// Answers tells whether the cabinet answered when it was asked last.
	Answers() bool
	// Asked is signalled when an offer is worth asking for now.
	Asked() <-chan struct{}
}

// ErrAbsent says that the cabinet has no such file.
var ErrAbsent = errors.New("no such file of the releases")

// Tills is what an update needs of the tills; *till.Fleet is one.
type Tills interface {
	// States gives every till as last seen.
	States() []*fiscalv1.TillState
	// Quiet takes all tills while nothing is open on any of them and keeps new
	// operations out until release is called or the tills stop. Otherwise it
	// takes nothing and says in Russian what is under way.
	Quiet(ctx context.Context) (release func(), busy string)
}
