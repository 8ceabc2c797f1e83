package fleet

import (
	"fmt"
	"net"
	"regexp"
	"strconv"

	"google.golang.org/protobuf/proto"

	"github.com/chekan-io/chekan/cloud/internal/store/db"
	fiscalv1 "github.com/chekan-io/chekan/proto/gen/fiscal/v1"
)

// hostName is a name or an address as an agent may be asked to reach: letters, digits, dots, dashes, and colons of IPv6.
var hostName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9.:-]{0,252}$`)

// Address tells whether a text is host:port.
func Address(text string) bool {
	host, port, err := net.SplitHostPort(text)
	n, portErr := strconv.ParseUint(port, 10, 16)
	return err == nil && portErr == nil && n > 0 && hostName.MatchString(host)
}

// checkAddress says what is wrong with the address of an order.
func checkAddress(o Order) error {
	if o.Address == "" || o.Action == fiscalv1.Action_ACTION_CHECK_NETWORK && Address(o.Address) {
		return nil
	}
	return fmt.Errorf("address %q is not host:port of a check of the network: %w", limited(o.Address, 60), ErrInvalid)
}

// settingsOf are those a command carries; nil when it carries none.
func settingsOf(row db.Command) (*fiscalv1.TillSettings, error) {
	if len(row.Settings) == 0 {
		return nil, nil
	}
	s := new(fiscalv1.TillSettings)
	if err := proto.Unmarshal(row.Settings, s); err != nil {
		return nil, fmt.Errorf("settings of command %s: %w", row.ID, err)
	}
	return s, nil
}
