package uplink

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"

	"connectrpc.com/connect"

	"github.com/chekan-io/chekan/agent/internal/update"
	uplinkv1 "github.com/chekan-io/chekan/proto/gen/uplink/v1"
)

var _ update.Cabinet = (*Client)(nil)

// releasesPath is where the agents' door has the signed releases.
const releasesPath = "/releases/"

// errNoLine says that there is no cabinet to ask: the agent is not enrolled.
var errNoLine = errors.New("there is no line to a cabinet")

// Offer implements update.Cabinet.
func (c *Client) Offer(ctx context.Context, r *uplinkv1.FetchUpdateRequest) (*uplinkv1.FetchUpdateResponse, error) {
	s := c.current.Load()
	if s == nil {
		return nil, errNoLine
	}
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	answer, err := s.rpc.FetchUpdate(ctx, r)
	if connect.CodeOf(err) == connect.CodeUnimplemented {
		return &uplinkv1.FetchUpdateResponse{}, nil // a cabinet older than updates offers none
	}
	return answer, s.note(ctx, "fetch update", err)
}

// Report implements update.Cabinet.
func (c *Client) Report(ctx context.Context, r *uplinkv1.ReportUpdateRequest) error {
	s := c.current.Load()
	if s == nil {
		return errNoLine
	}
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	_, err := s.rpc.ReportUpdate(ctx, r)
	switch connect.CodeOf(err) { //nolint:exhaustive // the other codes are worth another try
	case connect.CodeNotFound, connect.CodeInvalidArgument, connect.CodeFailedPrecondition, connect.CodeUnimplemented:
		s.o.Log.Warn("cabinet does not want the report of an update", "version", r.GetVersion(), "error", err)
		return nil
	}
	return s.note(ctx, "report update", err)
}

// Get implements update.Cabinet.
func (c *Client) Get(ctx context.Context, path string, offset int64) (io.ReadCloser, int64, error) {
	s := c.current.Load()
	id := c.Identity()
	if s == nil || id == nil {
		return nil, 0, errNoLine
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, strings.TrimSuffix(id.UplinkURL, "/")+releasesPath+path, nil)
	if err != nil {
		return nil, 0, fmt.Errorf("ask for %s: %w", path, err)
	}
	if offset > 0 {
		r.Header.Set("Range", fmt.Sprintf("bytes=%d-", offset))
	}
	r.Header.Set(instanceHeader, c.program.instance)
	answer, err := s.http.Do(r)
	if err != nil {
		return nil, 0, fmt.Errorf("ask for %s: %w", path, err)
	}
	at := int64(0)
	switch answer.StatusCode {
	case http.StatusOK:
	case http.StatusPartialContent:
		if at, err = beginOf(answer.Header.Get("Content-Range")); err != nil {
			_ = answer.Body.Close()
			return nil, 0, fmt.Errorf("ask for %s: %w", path, err)
		}
	case http.StatusNotFound, http.StatusGone:
		_ = answer.Body.Close()
		return nil, 0, fmt.Errorf("%s: %w", path, update.ErrAbsent)
	default:
		_ = answer.Body.Close()
		return nil, 0, fmt.Errorf("ask for %s: the cabinet answers %s", path, answer.Status)
	}
	return answer.Body, at, nil
}

// beginOf reads the first byte of "bytes 100-199/200" (RFC 9110, §14.4).
func beginOf(contentRange string) (int64, error) {
	span, ok := strings.CutPrefix(contentRange, "bytes ")
	first, _, _ := strings.Cut(span, "-")
	n, err := strconv.ParseInt(first, 10, 64)
	if !ok || err != nil || n < 0 {
		return 0, fmt.Errorf("an answer in a range %q", contentRange)
	}
	return n, nil
}

// Answers implements update.Cabinet.
func (c *Client) Answers() bool { return c.Status().Online }

// Asked implements update.Cabinet.
func (c *Client) Asked() <-chan struct{} { return c.updates }
