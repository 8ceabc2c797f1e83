package cli

import (
	"context"

	"golang.org/x/sys/windows"
)

// openBrowser opens a page in the browser of whoever sits at the computer.
func openBrowser(_ context.Context, url string) error {
	page, err := windows.UTF16PtrFromString(url)
	if err != nil {
		return err
	}
	return windows.ShellExecute(0, nil, page, nil, nil, windows.SW_SHOWNORMAL)
}
