//go:build bench

package pack

import (
	"fmt"
	"testing"
)

func TestBenchUplink(t *testing.T) {
	single, hundred, _ := sizes(t)
	fmt.Fprintf(t.Output(), "BENCH uplink_single %.0f B <=260\n", single)
	fmt.Fprintf(t.Output(), "BENCH uplink_batch100 %.0f B <=150\n", hundred)
}
