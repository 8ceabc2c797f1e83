//go:build !linux

package port

import "time"

// nap sleeps as finely as the runtime does.
func nap(d time.Duration) { <-time.After(d) }
