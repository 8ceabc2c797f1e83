// Package bench measures the agent as a whole against what was promised of its
// speed and size. It has only tests, which `make bench` runs with the build
// tag bench; each prints lines
//
//	BENCH <name> <value> <unit> <op><goal>
//
// # What is compared
//
// A sale through the agent (HTTP, journal on a real disk, everything) with the
// same reads and the same sale done by the bare driver on the same simulated
// till in the same run, turn about, so that a noisy computer is noisy for both.
//
// Memory, processor time and the time to be ready are those of the real
// program in a process of its own, as the kernel counts them.
package bench
