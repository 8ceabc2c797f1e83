//go:build !windows

package service

import "context"

// underManager: only Windows has its services speak to their manager.
func underManager(context.Context, Program) (done bool, err error) { return false, nil }
