package fault

import (
	"slices"
	"testing"
)

type command uint8

func (c command) String() string { return "command" }

func TestPlan(t *testing.T) {
	var p Plan[command]
	second := p.Add(Fault[command]{Command: 1, Nth: 1, Action: PowerCut})
	every := p.Add(Fault[command]{Phase: OnAnswer, At: 3, Action: Garble, Times: -1})
	part := p.Add(Fault[command]{Command: 1, Phase: OnReceive, Action: Delay})

	if got := p.Strike(1, 1, OnReceive, 4, false); got != nil {
		t.Errorf("half a frame is struck by %v", got)
	}
	if got := p.Strike(1, 1, OnReceive, 9, true); len(got) != 1 || got[0].ID != part {
		t.Errorf("the whole frame is struck by %v", got)
	}
	if got := p.Strike(1, 1, Before, 0, false); got != nil {
		t.Errorf("the first command is struck by %v", got)
	}
	if at, ok := p.Next(1, 1, OnAnswer); !ok || at != 3 {
		t.Errorf("the answer is struck at %d, %v", at, ok)
	}
	for serial := range uint64(3) {
		if got := p.Strike(serial+1, 2, OnAnswer, 3, false); len(got) != 1 || got[0].ID != every {
			t.Errorf("the answer of command %d is struck by %v", serial+1, got)
		}
	}
	if got := p.Strike(4, 2, Before, 0, false); got != nil {
		t.Errorf("another command is struck by %v", got)
	}
	if got := p.Strike(5, 1, Before, 0, false); len(got) != 1 || got[0].ID != second {
		t.Errorf("the second command is struck by %v", got)
	}
	if got := p.Strike(6, 1, Before, 0, false); got != nil {
		t.Errorf("a spent fault strikes: %v", got)
	}
	if !p.Fired(second) || !p.Fired(every) || p.Fired("none") {
		t.Error("what has fired is not told")
	}
	if list := p.List(); !slices.IsSortedFunc(list, func(a, b Fault[command]) int { return len(a.ID) - len(b.ID) }) || len(list) != 3 || list[0].String() == "" {
		t.Errorf("list %v", list)
	}
	p.Clear()
	if len(p.List()) != 0 {
		t.Error("cleared and not empty")
	}
}
