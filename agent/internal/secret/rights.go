package secret

import (
	"crypto/sha1" //nolint:gosec // the names of service accounts are made with it
	"encoding/binary"
	"fmt"
	"slices"
	"strings"
	"unicode/utf16"
)

// ServiceSID is the account of a Windows service, "NT SERVICE\name", as a
// security identifier. It is made from the name alone ([MS-DTYP] 2.4.2.4,
// SECURITY_SERVICE_ID_BASE_RID), so that rights can be given before the service is there.
func ServiceSID(name string) string {
	var text []byte
	for _, u := range utf16.Encode([]rune(strings.ToUpper(name))) {
		text = binary.LittleEndian.AppendUint16(text, u)
	}
	sum := sha1.Sum(text) //nolint:gosec // see above
	sid := "S-1-5-80"
	for i := 0; i < len(sum); i += 4 {
		sid += fmt.Sprintf("-%d", binary.LittleEndian.Uint32(sum[i:]))
	}
	return sid
}

// owner is the service whose account enters private folders (service.Name).
const owner = "chekan-agent"

// admitted are those a private folder admits: the system, administrators, who
// owns a thing in it, and the agent's service. In the language of rights
// ([MS-DTYP] 2.5.1), each to everything, passed down.
func admitted() []string {
	return []string{"(A;OICI;FA;;;SY)", "(A;OICI;FA;;;BA)", "(A;OICI;FA;;;OW)", "(A;OICI;FA;;;" + ServiceSID(owner) + ")"}
}

// private is the whole of a new folder's rights; P stops what would come from
// above.
func private() string { return "D:PAI" + strings.Join(admitted(), "") }

// everybody are the groups an ordinary user of the computer is in without
// anybody having decided so.
var everybody = []string{
	"WD", "S-1-1-0", // everyone
	"AU", "S-1-5-11", // authenticated users
	"BU", "S-1-5-32-545", // users
	"IU", "S-1-5-4", // whoever sits at the computer
	"NU", "S-1-5-2", // whoever comes by network
	"BG", "S-1-5-32-546", "LG", // guests
	"AN", "S-1-5-7", // anonymous
	"DU", "DG", "DC", // everyone of the domain
	"AC", "S-1-15-2-1", // every packaged application
	"S-1-2-0", "S-1-5-113", // local accounts
}

// trusted are the owners of a folder that may hold a key. The owner of a
// folder may always change its rights, so a folder somebody else made in
// ProgramData, where everyone may make one, is his, whatever its rights say.
func trusted(sid, self string) bool {
	const system, administrators, installer = "S-1-5-18", "S-1-5-32-544", "S-1-5-80-956008885-3418522649-1831038044-1853292631-2271478464"
	return slices.Contains([]string{system, administrators, installer, ServiceSID(owner), self}, sid)
}

// tighten takes everybody out of the rights of a folder (the part after D:),
// and what came from above; nothing comes from there any more. Those whom an administrator let in by name stay. done
// is false when nothing had to change.
func tighten(rights string) (tight string, done bool) {
	flags, list := rights, ""
	if i := strings.IndexByte(rights, '('); i >= 0 {
		flags, list = rights[:i], rights[i:]
	}
	flags = strings.TrimPrefix(flags, "D:")
	keep := admitted()
	open := strings.Contains(flags, "NO_ACCESS_CONTROL")
	for ace := range strings.SplitSeq(strings.TrimPrefix(strings.TrimSuffix(list, ")"), "("), ")(") {
		field := strings.Split(ace, ";")
		if len(field) < 6 {
			continue
		}
		inherited := strings.Contains(field[1], "ID")
		if field[0] == "A" && slices.Contains(everybody, field[5]) || inherited {
			open = true
			continue
		}
		if ace = "(" + ace + ")"; !slices.Contains(keep, ace) {
			keep = append(keep, ace)
		}
	}
	if !open {
		return rights, false
	}
	return "D:PAI" + strings.Join(keep, ""), true
}
