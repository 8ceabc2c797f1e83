package notify

import (
	"cmp"
	"maps"
	"slices"
)

// grouped are tills that have one problem for one reason.
type grouped struct {
	common      Common
	value, name string
	tills       []string // in order
}

// fewest is how many tills make a cause of what they share: two on one computer are no accident, two of one operator may be.
var fewest = map[Common]int{ByAgent: 2, ByOutlet: 2, ByOperator: 3, ByModel: 3}

// share gives what a till may share with others; empty when it is not known.
func share(t *Till, c Common) string {
	switch c {
	case ByTill:
		return t.ID
	case ByAgent:
		return t.AgentID
	case ByOutlet:
		return t.OutletID
	case ByOperator:
		return t.Operator
	case ByModel:
		return t.Model
	case byMemory: // tills share none
	}
	return ""
}

func nameOf(t *Till, c Common) string {
	switch c {
	case ByTill:
		return t.Name
	case ByAgent:
		return cmp.Or(t.Host, t.AgentID)
	case ByOutlet:
		return t.Outlet
	case ByOperator, ByModel, byMemory:
	}
	return share(t, c)
}

// group finds what tills that have a problem share. The greatest set goes first: forty tills of one operator in twenty outlets are
// one cause and not twenty. What they share explains the problem only when at least half of all that share it have it, and a
// model of till only when another model there is does well. single are tills that were told by themselves already: they count, and
// go over into the greater cause; those that stay alone are not given back. near are tills that will soon have it: they count too, for
// what is shared, and never alone.
func group(k kind, tills []Till, fresh, near map[string]bool, single map[string]*Cause) (list []grouped) {
	rest := maps.Clone(fresh)
	maps.Copy(rest, near)
	if !k.whole {
		for id := range single {
			rest[id] = true
		}
	}
	for {
		best := grouped{}
		for _, common := range k.common {
			for _, g := range sets(k, tills, common, rest) {
				if len(g.tills) > len(best.tills) && slices.ContainsFunc(g.tills, func(id string) bool { return fresh[id] }) {
					best = g
				}
			}
		}
		if len(best.tills) == 0 {
			break
		}
		for _, id := range best.tills {
			delete(rest, id)
		}
		list = append(list, best)
	}
	for i := range tills {
		t := &tills[i]
		if !rest[t.ID] || !fresh[t.ID] {
			continue
		}
		if g := slices.IndexFunc(list, func(g grouped) bool { return k.whole && g.common == ByAgent && g.value == t.AgentID }); g >= 0 {
			list[g].tills = append(list[g].tills, t.ID)
			continue
		}
		common := ByTill
		if k.whole && t.AgentID != "" {
			common = ByAgent
		}
		list = append(list, grouped{common, share(t, common), nameOf(t, common), []string{t.ID}})
	}
	return list
}

// sets gives the tills of a set by what they share, those sets that explain something.
func sets(k kind, tills []Till, common Common, of map[string]bool) (list []grouped) {
	all := map[string]int{}
	agents := map[string]map[string]bool{}
	at := map[string]int{}
	well := false // some till of which the same is known does not have it
	for i := range tills {
		t := &tills[i]
		value := share(t, common)
		if value == "" {
			continue
		}
		all[value]++
		if !of[t.ID] {
			well = well || t.Known
			continue
		}
		n, ok := at[value]
		if !ok {
			n = len(list)
			at[value] = n
			list = append(list, grouped{common: common, value: value, name: nameOf(t, common)})
			agents[value] = map[string]bool{}
		}
		list[n].tills = append(list[n].tills, t.ID)
		agents[value][t.AgentID] = true
	}
	return slices.DeleteFunc(list, func(g grouped) bool {
		return len(g.tills) < fewest[common] || 2*len(g.tills) < all[g.value] ||
			common == ByModel && !well ||
			// Of one computer it is the computer, not the outlet.
			common == ByOutlet && len(agents[g.value]) < 2 && (k.whole || slices.Contains(k.common, ByAgent))
	})
}
