package uplink

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"connectrpc.com/connect"

	"github.com/chekan-io/chekan/agent/internal/config"
	"github.com/chekan-io/chekan/agent/internal/secret"
)

// left is a code that an installer was given, for the agent's first start.
type left struct {
	Cloud string    `json:"cloud"`
	Code  string    `json:"code"`
	Since time.Time `json:"since"`
}

// A code is asked with until the cabinet says yes or no, but no longer than
// codes live.
const (
	leftFor       = 24 * time.Hour
	leftRetry     = 5 * time.Second
	leftRetryMost = 5 * time.Minute
)

func leftFile(dir string) string { return filepath.Join(dir, "enrol") }

// LeaveCode keeps a one-time code in the data folder, sealed where the system
// seals, until the agent runs and asks the cabinet with it. The form of both is
// checked now, while somebody watches.
func LeaveCode(dir, cloud, code string) error {
	bare, _, err := splitPin(code)
	if err != nil {
		return err
	}
	if bare == "" || cloud == "" {
		return errors.New("для подключения нужны и адрес кабинета, и код")
	}
	if err := config.CheckCloud(cloud); err != nil {
		return err
	}
	text, err := json.Marshal(left{Cloud: cloud, Code: code, Since: time.Now()})
	if err == nil {
		text, err = secret.Seal(text)
	}
	if err == nil {
		err = os.WriteFile(leftFile(dir), text, 0o600)
	}
	if err != nil {
		return fmt.Errorf("сохранить код: %w", err)
	}
	return nil
}

// UseLeftCode enrols with the code an installer left, if there is one, and
// takes it away as soon as it has been used, refused or has grown old.
func (c *Client) UseLeftCode(ctx context.Context) error {
	path := leftFile(c.o.Dir)
	text, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	var l left
	if err == nil {
		text, err = secret.Open(text)
	}
	if err == nil {
		err = json.Unmarshal(text, &l)
	}
	for wait := leftRetry; err == nil; wait = min(wait*2, leftRetryMost) {
		if time.Since(l.Since) > leftFor {
			err = errors.New("за сутки кабинет не ответил: получите новый код")
			break
		}
		if _, err = c.Enroll(ctx, l.Code, l.Cloud); err == nil || saidNo(err) {
			break
		}
		c.o.Log.Warn("not enrolled yet", "error", err)
		err = nil
		select {
		case <-ctx.Done():
			return nil // there is another start
		case <-time.After(wait):
		}
	}
	if err != nil {
		c.o.Log.Error("the code of the installer was not good", "error", err)
	}
	if err := os.Remove(path); err != nil {
		c.o.Log.Error("remove the installer's code", "error", err)
	}
	return nil
}

// saidNo tells whether the cabinet said no, so that asking again with the same
// code would be no better.
func saidNo(err error) bool {
	switch connect.CodeOf(err) { //nolint:exhaustive // every other answer may change
	case connect.CodeNotFound, connect.CodeInvalidArgument, connect.CodePermissionDenied, connect.CodeUnauthenticated, connect.CodeFailedPrecondition:
		return true
	}
	return false
}
