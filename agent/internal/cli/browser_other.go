//go:build !windows

package cli

import (
	"context"
	"os/exec"
)

// openBrowser opens a page in the browser of whoever sits at the computer.
func openBrowser(ctx context.Context, url string) error {
	return exec.CommandContext(ctx, "xdg-open", url).Run()
}
