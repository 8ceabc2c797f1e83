package journal

import (
	"context"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"
)

// openerArg makes the test binary open a journal as the agent does when it starts, and say how long that took (s), how
// much memory the process then has (MB), and how many documents the cabinet has not heard of.
const openerArg = "journal-open"

func runOpener(args []string) (code int, ok bool) {
	if len(args) != 3 || args[1] != openerArg {
		return 0, false
	}
	exe, err := os.Executable()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1, true
	}
	began := time.Now()
	j, err := Open(context.Background(), args[2], Options{Verify: VerifyInChild(exe)})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1, true
	}
	defer j.Close()
	if _, err := j.Unfinished(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1, true
	}
	n, _ := j.Backlog()
	fmt.Fprintf(os.Stdout, "%.4f %.1f %d\n", time.Since(began).Seconds(), resident(), n)
	return 0, true
}

// resident is the memory of this process in MB, as the system counts it; 0 where it does not say.
func resident() float64 {
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(status)) {
		if rest, ok := strings.CutPrefix(line, "VmRSS:"); ok {
			kb, err := strconv.ParseFloat(strings.TrimSuffix(strings.TrimSpace(rest), " kB"), 64)
			if err != nil {
				return 0
			}
			return kb / 1024
		}
	}
	return 0
}
