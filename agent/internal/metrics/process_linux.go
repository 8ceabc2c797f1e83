package metrics

import (
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// usage reads what the system counts of this process (proc_pid_statm(5),
// getrusage(2)).
func usage() (rss, cpu, files float64, ok bool) {
	text, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		return 0, 0, 0, false
	}
	var size, resident int64
	if _, err := fmt.Sscan(string(text), &size, &resident); err != nil {
		return 0, 0, 0, false
	}
	var u unix.Rusage
	if err := unix.Getrusage(unix.RUSAGE_SELF, &u); err != nil {
		return 0, 0, 0, false
	}
	open, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		return 0, 0, 0, false
	}
	seconds := func(t unix.Timeval) float64 { return float64(t.Sec) + float64(t.Usec)/1e6 }
	return float64(resident) * float64(os.Getpagesize()), seconds(u.Utime) + seconds(u.Stime), float64(len(open)), true
}
