//go:build !linux

package port

import (
	"context"
	"fmt"
)

func ptyOnce(context.Context, string, Serve) error {
	return fmt.Errorf("%w on this system: use TCP", errPty)
}
