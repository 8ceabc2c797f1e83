package access

import "slices"

// Place is a node of an organisation's tree: a department, an outlet or a till, with what stands above it. The organisation
// itself is a place with an empty path.
type Place struct {
	OrganisationID string
	// Path is the ids from the department at the top down to the node itself.
	Path []string
}

// Under tells whether a place is a node or stands below it; an empty node is the whole organisation.
func (p Place) Under(organisationID, node string) bool {
	return p.OrganisationID == organisationID && (node == "" || slices.Contains(p.Path, node))
}

// Outlet gives the outlet a till stands in, for the place of a till.
func (p Place) Outlet() string {
	if len(p.Path) < 2 {
		return ""
	}
	return p.Path[len(p.Path)-2]
}
