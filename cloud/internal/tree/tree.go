// Package tree shapes an organisation: departments within departments, outlets in them, tills in outlets.
//
// # What a change may do
//
// A node is made, gets another name, moves under another one or among its neighbours, and goes when it is empty. Nothing may stand
// beneath itself, and nothing deeper than [MaxDepth]. Whoever changes the tree holds it: two changes at once, each of them
// right, could make a circle together.
//
// # What a move leaves where it was
//
// A till that moves takes its future along and leaves its past: documents, shifts and revenue stay in the outlet they happened in.
// Documents come late, so the cabinet keeps since when a till has stood where, in the till's own time, and a document counts where the
// till stood when it was made (store.Stays). An outlet that goes is closed: what happened there stays under its name.
//
// # Rights
//
// A change asks whether it may be done at each place it touches, within its transaction; package access knows the answer. A
// place where nothing may be seen is answered as one that does not exist.
package tree

import (
	"cmp"
	"slices"

	"github.com/chekan-io/chekan/cloud/internal/access"
	"github.com/chekan-io/chekan/cloud/internal/light"
)

// Kind is what stands at a place of the tree.
type Kind int

// Kinds, from the top down. The numbers are cabinet.v1.PlaceKind.
const (
	Organisation Kind = iota + 1
	Department
	Outlet
	Till
)

// MaxDepth is how many levels there may be beneath the organisation, outlets and tills among them.
const MaxDepth = access.MaxDepth

// Node is a place of the tree.
type Node struct {
	Kind Kind
	ID   string
	// Parent is the node above; empty of the organisation.
	Parent string
	Name   string
	// AgentName is a till's name at its agent, where it is another one.
	AgentName string
	// Position among its neighbours; equal ones stand by name.
	Position int64

	Details
}

// Details are what an outlet has besides its name.
type Details struct {
	// Address is where it is, for people.
	Address string
	// TimeZone is Asia/Almaty; empty when nobody told.
	TimeZone string
	// Phone is whom to call.
	Phone string
}

// Tree is one organisation's.
type Tree struct {
	OrganisationID string

	nodes    map[string]*Node
	children map[string][]*Node
}

// New makes a tree of nodes in any order; the organisation is one of them. Neighbours stand by position, then name.
func New(organisationID string, nodes []Node) *Tree {
	t := &Tree{OrganisationID: organisationID, nodes: make(map[string]*Node, len(nodes)), children: map[string][]*Node{}}
	for i := range nodes {
		n := &nodes[i]
		t.nodes[n.ID] = n
		if n.Kind != Organisation {
			t.children[n.Parent] = append(t.children[n.Parent], n)
		}
	}
	for _, list := range t.children {
		slices.SortFunc(list, func(a, b *Node) int {
			// Departments stand before outlets: people look for the way down first.
			return cmp.Or(cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Position, b.Position), cmp.Compare(a.Name, b.Name), cmp.Compare(a.ID, b.ID))
		})
	}
	return t
}

// Node gives a node; nil when there is none.
func (t *Tree) Node(id string) *Node { return t.nodes[id] }

// Children gives the nodes right beneath one, in order.
func (t *Tree) Children(id string) []*Node { return t.children[id] }

// All gives every node after the one above it, neighbours in order.
func (t *Tree) All() []*Node {
	list := make([]*Node, 0, len(t.nodes))
	var walk func(n *Node)
	walk = func(n *Node) {
		list = append(list, n)
		for _, c := range t.children[n.ID] {
			walk(c)
		}
	}
	if root := t.nodes[t.OrganisationID]; root != nil {
		walk(root)
	}
	return list
}

// Place gives where a node stands, for rights.
func (t *Tree) Place(id string) access.Place {
	var path []string
	for n := t.nodes[id]; n != nil && n.Kind != Organisation && len(path) <= MaxDepth; n = t.nodes[n.Parent] {
		path = append(path, n.ID)
	}
	slices.Reverse(path)
	return access.Place{OrganisationID: t.OrganisationID, Path: path}
}

// depth is how many levels beneath the organisation a node stands.
func (t *Tree) depth(id string) int { return len(t.Place(id).Path) }

// height is how many levels there are from a node down, itself among them. What a node may get counts too: a department without an
// outlet and an outlet without a till still have room for them.
func (t *Tree) height(n *Node) int {
	most := int(Till - max(n.Kind, Outlet)) // an outlet may always get tills
	if n.Kind == Department {
		most = 2
	}
	for _, c := range t.children[n.ID] {
		most = max(most, t.height(c))
	}
	return most + 1
}

// Counts are tills by colour.
type Counts [light.Red + 1]int

// Worst is the colour that needs a person most; false when there are no tills.
func (c Counts) Worst() (light.Colour, bool) {
	for colour := light.Red; ; colour-- {
		if c[colour] > 0 {
			return colour, true
		}
		if colour == light.Green {
			return light.Green, false
		}
	}
}

// Count adds up tills by colour at every node; a till whose colour is not given counts nowhere. The counts of a node are the sum of
// those beneath it.
func (t *Tree) Count(colours map[string]light.Colour) map[string]Counts {
	counts := make(map[string]Counts, len(t.nodes))
	for id, colour := range colours {
		n := t.nodes[id]
		if n == nil || n.Kind != Till {
			continue
		}
		for up := 0; n != nil && up <= MaxDepth; up++ {
			c := counts[n.ID]
			c[colour]++
			counts[n.ID] = c
			n = t.nodes[n.Parent]
		}
	}
	return counts
}

// under tells which kinds may stand right beneath which.
func under(child, parent Kind) bool {
	switch child {
	case Department, Outlet:
		return parent == Organisation || parent == Department
	case Till:
		return parent == Outlet
	case Organisation:
	}
	return false
}

// CheckMove says why a node cannot stand beneath another one; nil when it can.
func (t *Tree) CheckMove(id, parentID string) error {
	n, parent := t.nodes[id], t.nodes[parentID]
	switch {
	case n == nil || n.Kind == Organisation || parent == nil:
		return ErrNotFound
	case !under(n.Kind, parent.Kind):
		return refuse(ReasonKind)
	case id == parentID || slices.Contains(t.Place(parentID).Path, id):
		return refuse(ReasonCycle)
	case t.depth(parentID)+t.height(n) > MaxDepth:
		return refuse(ReasonDepth)
	}
	return nil
}

// CheckNew says why a node of a kind cannot be made beneath another one; nil when it can.
func (t *Tree) CheckNew(kind Kind, parentID string) error {
	parent := t.nodes[parentID]
	switch {
	case parent == nil:
		return ErrNotFound
	case kind != Department && kind != Outlet || !under(kind, parent.Kind):
		return refuse(ReasonKind)
	case t.depth(parentID)+t.height(&Node{Kind: kind}) > MaxDepth:
		return refuse(ReasonDepth)
	}
	return nil
}

// order gives the ids of a parent's children of a kind, with one of them put before another; before nothing it stands last.
func (t *Tree) order(parentID string, kind Kind, id, before string) []string {
	var list []string
	for _, c := range t.children[parentID] {
		if c.Kind != kind || c.ID == id {
			continue
		}
		if c.ID == before {
			list = append(list, id)
		}
		list = append(list, c.ID)
	}
	if !slices.Contains(list, id) {
		list = append(list, id)
	}
	return list
}
