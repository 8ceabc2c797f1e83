package people

import (
	"slices"
	"strings"

	"github.com/chekan-io/chekan/cloud/internal/access"
)

// Assignment is a role in a part of the tree; an empty node is the whole organisation.
type Assignment struct{ Role, Node string }

// change is what has to be added and taken away so that a person has what is wanted. What may not be looked at stays.
func change(current, wanted []Assignment, visible func(Assignment) bool) (added, removed []Assignment) {
	for _, a := range wanted {
		if !slices.Contains(current, a) && !slices.Contains(added, a) {
			added = append(added, a)
		}
	}
	for _, a := range current {
		if visible(a) && !slices.Contains(wanted, a) {
			removed = append(removed, a)
		}
	}
	return added, removed
}

// mayGive tells whether somebody may give or take away permissions at a place: they manage people there, and hold all of it there
// themselves.
func mayGive(giver *access.Person, may access.Set, at access.Place) error {
	if !giver.CanAt(access.PeopleManage, at) {
		return refuse(ErrDenied, "assignments", "not_yours")
	}
	return beyond(giver, may, at)
}

// beyond says which of some permissions somebody does not hold at a place.
func beyond(giver *access.Person, may access.Set, at access.Place) error {
	var lacks []string
	for _, permission := range may.List() {
		if !giver.CanAt(permission, at) {
			lacks = append(lacks, string(permission))
		}
	}
	if len(lacks) > 0 {
		return refuse(ErrDenied, "assignments", "beyond", "permissions", strings.Join(lacks, " "))
	}
	return nil
}

// holder is a person with what they may in the whole organisation.
type holder struct {
	person  string
	blocked bool
	whole   access.Set
}

// administrators gives those who are not shut out and may everything everywhere.
func administrators(holders []holder) (list []string) {
	everything := access.Administrator.Permissions()
	for _, h := range holders {
		if !h.blocked && len(h.whole.Both(everything)) == len(everything) {
			list = append(list, h.person)
		}
	}
	return list
}
