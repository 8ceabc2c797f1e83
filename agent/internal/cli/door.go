package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"connectrpc.com/connect"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	"github.com/chekan-io/chekan/agent/internal/config"
	posv1 "github.com/chekan-io/chekan/proto/gen/pos/v1"
	"github.com/chekan-io/chekan/proto/gen/pos/v1/posv1connect"
)

const (
	dialTimeout = 3 * time.Second
	// answerTimeout is longer than the agent's own wait for a till.
	answerTimeout = 2 * time.Minute
	actTimeout    = 20 * time.Minute
)

// door is the running agent.
type door struct {
	addr       string
	url        string
	client     *http.Client // bears the token
	pos        posv1connect.PosServiceClient
	technician posv1connect.TechnicianServiceClient
}

// bearer adds the token.
type bearer struct {
	token string
	next  http.RoundTripper
}

// RoundTrip implements http.RoundTripper.
func (b bearer) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	r.Header.Set("Authorization", "Bearer "+b.token)
	return b.next.RoundTrip(r)
}

// openDoor finds the running agent by its data folder.
func openDoor(cfg config.Config) (*door, error) {
	token, err := os.ReadFile(filepath.Join(cfg.Data, "token"))
	if errors.Is(err, os.ErrPermission) {
		return nil, &exitError{ExitUnreachable, fmt.Errorf("нет прав на файл %s: запустите от администратора", filepath.Join(cfg.Data, "token"))}
	}
	if err != nil {
		return nil, &exitError{ExitUnreachable, fmt.Errorf("агент ещё ни разу не запускался с папкой %s: chekan-agent start", cfg.Data)}
	}
	addr := cfg.Listen
	if text, err := os.ReadFile(filepath.Join(cfg.Data, "door")); err == nil {
		addr = strings.TrimSpace(string(text))
	}
	// A door open to every address is asked through this computer's own.
	if host, port, err := net.SplitHostPort(addr); err == nil {
		if ip := net.ParseIP(host); ip != nil && ip.IsUnspecified() {
			addr = net.JoinHostPort("127.0.0.1", port)
		}
	}
	client := &http.Client{Transport: bearer{strings.TrimSpace(string(token)), &http.Transport{
		DialContext: (&net.Dialer{Timeout: dialTimeout}).DialContext, // never through a proxy: it is this computer
	}}}
	url := "http://" + addr
	return &door{
		addr: addr, url: url, client: client, pos: posv1connect.NewPosServiceClient(client, url), technician: posv1connect.NewTechnicianServiceClient(client, url),
	}, nil
}

// connect reads the configuration and opens the door.
func (e *env) connect() (*door, error) {
	cfg, err := e.load()
	if err != nil {
		return nil, err
	}
	return openDoor(cfg)
}

// unreachable tells whether nobody listens at the door.
func unreachable(err error) bool {
	var op *net.OpError
	return errors.As(err, &op) && op.Op == "dial"
}

// asError turns an answer of the agent into sentences and an exit code.
// Whoever submitted an operation has to decide otherwise: see doubtful.
func (d *door) asError(err error) error {
	if unreachable(err) {
		return &exitError{ExitUnreachable, fmt.Errorf("агент не отвечает по адресу %s: запустите его командой chekan-agent start", d.addr)}
	}
	var answer *connect.Error
	if !errors.As(err, &answer) {
		return err
	}
	lines := []string{answer.Message()}
	for _, detail := range answer.Details() {
		value, err := detail.Value()
		if refusal, ok := value.(*posv1.Refusal); err == nil && ok {
			lines = []string{"Операция не принята, касса ничего не делала:"}
			for _, f := range refusal.GetFields() {
				lines = append(lines, fmt.Sprintf("  %s: %s", f.GetField(), f.GetText()))
			}
		}
	}
	return errors.New(strings.Join(lines, "\n"))
}

// doubtful tells whether an operation may have been begun although the call
// failed: the connection broke, or time was up.
func doubtful(err error) bool {
	if unreachable(err) {
		return false
	}
	switch connect.CodeOf(err) { //nolint:exhaustive // every other code is an answer of the agent
	case connect.CodeUnavailable, connect.CodeUnknown, connect.CodeCanceled, connect.CodeDeadlineExceeded, connect.CodeInternal:
		return true
	}
	return false
}

func (e *env) timeout(d time.Duration) (context.Context, context.CancelFunc) {
	return context.WithTimeout(e.ctx, d)
}

// printJSON prints a message as one document, indented and always alike.
func (e *env) printJSON(m proto.Message) error {
	b, err := protojson.MarshalOptions{UseProtoNames: true}.Marshal(m)
	if err != nil {
		return fmt.Errorf("write JSON: %w", err)
	}
	return e.indent(b)
}

func (e *env) printAnyJSON(v any) error {
	b, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("write JSON: %w", err)
	}
	return e.indent(b)
}

func (e *env) indent(b []byte) error {
	var out bytes.Buffer
	if err := json.Indent(&out, b, "", "  "); err != nil {
		return fmt.Errorf("write JSON: %w", err)
	}
	e.say("%s", out.String())
	return nil
}
