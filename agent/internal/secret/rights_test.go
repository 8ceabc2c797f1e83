package secret

import (
	"strings"
	"testing"
)

// The value is what `sc showsid TrustedInstaller` prints on every Windows.
func TestServiceSID(t *testing.T) {
	const want = "S-1-5-80-956008885-3418522649-1831038044-1853292631-2271478464"
	for _, name := range []string{"TrustedInstaller", "trustedinstaller"} {
		if got := ServiceSID(name); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}

func TestTrusted(t *testing.T) {
	const me, stranger = "S-1-5-21-1-2-3-1000", "S-1-5-21-1-2-3-1001"
	for sid, want := range map[string]bool{"S-1-5-18": true, "S-1-5-32-544": true, ServiceSID(owner): true, me: true, stranger: false, "": false} {
		if got := trusted(sid, me); got != want {
			t.Errorf("%q: %v", sid, got)
		}
	}
}

func TestTighten(t *testing.T) {
	const shop = "(A;OICI;FR;;;S-1-5-21-1-2-3-1000)"
	tests := []struct {
		name, rights, want string
		changed            bool
	}{
		{"a new folder of ours", private(), private(), false},
		{"the shop's software was let in", private() + shop, private() + shop, false},
		{"everyone reads", private() + "(A;OICI;FR;;;WD)", private(), true},
		{"users, and the shop's software", "D:PAI(A;OICI;FA;;;BA)" + shop + "(A;CI;0x1200a9;;;BU)", private() + shop, true},
		{"what ProgramData passes down", "D:AI(A;OICIID;FA;;;SY)(A;OICIID;FA;;;BA)(A;OICIIOID;GA;;;CO)(A;OICIID;0x1200a9;;;BU)(A;CIID;DCLCRPCR;;;BU)", private(), true},
		{"inheritance is on, a name was let in", "D:AI" + shop + "(A;OICIID;FA;;;BA)", private() + shop, true},
		{"whoever is refused stays refused", "D:P(D;OICI;FA;;;BG)(A;OICI;FA;;;AU)", private() + "(D;OICI;FA;;;BG)", true},
		{"nothing came from above", "D:(A;OICI;FA;;;BA)" + shop, "D:(A;OICI;FA;;;BA)" + shop, false},
		{"no list is everybody", "D:NO_ACCESS_CONTROL", private(), true},
		{"an empty list", "D:P", "D:P", false},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got, changed := tighten(test.rights)
			if got != test.want || changed != test.changed {
				t.Errorf("got  %s %v\nwant %s %v", got, changed, test.want, test.changed)
			}
			if again, changed := tighten(got); changed {
				t.Errorf("not at rest: %s becomes %s", got, again)
			}
			for _, group := range everybody {
				if strings.Contains(got, "(A;") && strings.Contains(got, ";;;"+group+")") && !strings.Contains(got, "(D;OICI;FA;;;"+group+")") {
					t.Errorf("%s is let in: %s", group, got)
				}
			}
		})
	}
}
