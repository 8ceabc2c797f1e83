//go:build !windows

package service

import "context"

// account: a unit names its own, see unit.
const account = ""

// underManager: only Windows has its services speak to their manager.
func underManager(context.Context, Program) (done bool, err error) { return false, nil }

// Prepare has nothing to add to a unit.
func Prepare() error { return nil }
