package tree

import (
	"context"
	"strings"
)

// Newcomer gives the name that a till may begin with in an outlet, as it is kept; empty leaves the one of its agent. The outlet is one
// of an organisation that stands there and that the caller may change.
func (t *Trees) Newcomer(ctx context.Context, organisationID, outletID, name string, who Caller) (string, error) {
	tree, err := t.Read(ctx, organisationID, "")
	if err != nil {
		return "", err
	}
	if n := tree.Node(outletID); n == nil || n.Kind != Outlet {
		return "", ErrNotFound
	}
	if err := who.at(tree.Place(outletID)); err != nil {
		return "", err
	}
	if strings.TrimSpace(name) == "" {
		return "", nil
	}
	return Name(name)
}
