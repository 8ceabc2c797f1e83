package port

import (
	"syscall"
	"time"
)

// nap sleeps a short while by the system's own clock: the runtime's timers are
// as coarse as a millisecond when the program does nothing else.
func nap(d time.Duration) {
	t := syscall.NsecToTimespec(int64(d))
	_ = syscall.Nanosleep(&t, nil)
}
