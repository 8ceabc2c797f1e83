package wire

import "testing"

// FuzzParseAddress: an address that is understood is written and understood
// again as the same.
func FuzzParseAddress(f *testing.F) {
	for _, s := range []string{"serial:///dev/ttyACM0?baud=115200", "serial:COM3?baud=9600&onebyte=1", "tcp://192.168.137.111:7778", "tcp://[::1]", "", "serial:", "tcp://:0?x", "usb:printer", "usb://04b8:0e15?serial=X%25+1"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		a, err := ParseAddress(s)
		if err != nil {
			return
		}
		again, err := ParseAddress(a.String())
		if err != nil || again != a {
			t.Errorf("%q is %+v, written %q, read %+v %v", s, a, a.String(), again, err)
		}
	})
}
