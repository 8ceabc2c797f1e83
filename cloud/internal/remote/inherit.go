package remote

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"

	"google.golang.org/protobuf/proto"

	uplinkv1 "github.com/chekan-io/chekan/proto/gen/uplink/v1"
)

// Names of rules: what an agent may do by itself.
const (
	RuleFinishPrint = "finish_print" // go on printing when the paper is back
	RuleReopenPort  = "reopen_port"  // open the port anew when the till is silent
	RuleCloseShift  = "close_shift"  // close the shift at a time when nobody sells
	RuleSyncClock   = "sync_clock"   // set the clock while the shift is closed
)

// Rules are the names of all rules, in the order they are shown.
var Rules = []string{RuleFinishPrint, RuleReopenPort, RuleCloseShift, RuleSyncClock}

// Setting is what a rule says at a node.
type Setting struct {
	On                             bool
	AtMinute, IdleMinutes, Seconds int
}

// Usual is what a rule says when nobody chose otherwise, once it is on.
func Usual(name string) Setting {
	switch name {
	case RuleReopenPort:
		return Setting{IdleMinutes: 2}
	case RuleCloseShift:
		return Setting{AtMinute: 23*60 + 50, IdleMinutes: 15}
	case RuleSyncClock:
		return Setting{Seconds: 60}
	}
	return Setting{}
}

// tidied checks what a rule says and forgets what is not its own.
func tidied(name string, s Setting) (Setting, error) {
	t := Setting{On: s.On}
	bad := func(what string, value int) (Setting, error) {
		return t, fmt.Errorf("%s of %d: %w", what, value, ErrInvalid)
	}
	switch name {
	case RuleFinishPrint:
	case RuleReopenPort:
		if s.IdleMinutes < 1 || s.IdleMinutes > 60 {
			return bad("silence", s.IdleMinutes)
		}
		t.IdleMinutes = s.IdleMinutes
	case RuleCloseShift:
		switch {
		case s.AtMinute < 0 || s.AtMinute >= 24*60:
			return bad("time", s.AtMinute)
		case s.IdleMinutes < 5 || s.IdleMinutes > 240:
			return bad("idleness", s.IdleMinutes)
		}
		t.AtMinute, t.IdleMinutes = s.AtMinute, s.IdleMinutes
	case RuleSyncClock:
		if s.Seconds < 10 || s.Seconds > 3600 {
			return bad("difference", s.Seconds)
		}
		t.Seconds = s.Seconds
	default:
		return t, fmt.Errorf("rule %q: %w", name, ErrInvalid)
	}
	return t, nil
}

// book holds the rules of an organisation as they are set, by node and name; the organisation is the node without an id.
type book map[string]map[string]Setting

// holds says what a rule says at the end of a path that begins with the organisation, and whose it is; false when nobody set it.
func (b book) holds(path []string, name string) (s Setting, from string, set bool) {
	for _, node := range path {
		if here, ok := b[node][name]; ok {
			s, from, set = here, node, true
		}
	}
	return s, from, set
}

// seat is a till of an agent with its path, which begins with the organisation.
type seat struct {
	name string
	path []string
}

// message makes what an agent is given: the rules of its tills and their version. Where none is set it has no version.
func (b book) message(tills []seat) (*uplinkv1.Rules, error) {
	m := new(uplinkv1.Rules)
	for _, t := range slices.SortedFunc(slices.Values(tills), func(a, b seat) int { return cmp.Compare(a.name, b.name) }) {
		of := &uplinkv1.TillRules{Till: t.name}
		for _, name := range Rules {
			if s, _, set := b.holds(t.path, name); set {
				of.Rules = append(of.Rules, &uplinkv1.Rule{
					Name: name, On: s.On, AtMinute: uint32(s.AtMinute), IdleMinutes: uint32(s.IdleMinutes), Seconds: uint32(s.Seconds),
				})
			}
		}
		if len(of.GetRules()) > 0 {
			m.Tills = append(m.Tills, of)
		}
	}
	if len(m.GetTills()) == 0 {
		return m, nil
	}
	raw, err := proto.MarshalOptions{Deterministic: true}.Marshal(m)
	if err != nil {
		return nil, fmt.Errorf("encode rules: %w", err)
	}
	sum := sha256.Sum256(raw)
	m.Version = hex.EncodeToString(sum[:8])
	return m, nil
}
