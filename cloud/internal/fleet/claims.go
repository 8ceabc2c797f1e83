package fleet

import (
	"context"
	"fmt"
	"maps"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/chekan-io/chekan/cloud/internal/access"
	"github.com/chekan-io/chekan/cloud/internal/store/db"
	fiscalv1 "github.com/chekan-io/chekan/proto/gen/fiscal/v1"
)

// CodeClaimed is the problem of a till that two agents speak for.
const CodeClaimed = "till_claimed"

// claimFor is how long it is remembered that a till went from one agent to another: one that had it and goes on to speak of it says so
// with every report, many times in that while.
const claimFor = 15 * time.Minute

// move is a till that went from one agent to another.
type move struct {
	from, to string
	at       time.Time
}

// claim is an agent that speaks for a till that another one has.
type claim struct {
	host string
	at   time.Time
}

// took notes that a till went from one agent to another.
func (f *Fleet) took(till, from, to string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.moves[till] = move{from, to, f.now()}
	delete(f.claims, till)
}

// keeps tells whether the agent that has a till keeps it from another one that speaks for it: it does while it hears the device itself
// and the other one either does not, or had the till a moment ago. The first time a till is heard elsewhere it goes there: somebody
// carried it. Heard at both, it would go to and fro with every report, and its outlet with it.
func (f *Fleet) keeps(ctx context.Context, q *db.Queries, agent *access.Agent, known db.FindTillBySerialRow, state *fiscalv1.TillState) (bool, error) {
	if known.AgentID == "" || known.AgentID == agent.ID {
		return false, nil
	}
	row, err := q.GetTill(ctx, db.GetTillParams{OrganisationID: agent.OrganisationID, ID: known.ID})
	if err != nil {
		return false, fmt.Errorf("read the till: %w", err)
	}
	var has fiscalv1.TillState
	if err := proto.Unmarshal(row.State, &has); err != nil {
		return false, fmt.Errorf("state of till %s: %w", known.ID, err)
	}
	now := f.now()
	if !has.GetOnline() || now.Sub(time.UnixMicro(row.ReportedAt)) > StaleAfter {
		return false, nil
	}
	if !state.GetOnline() {
		return true, nil
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	m, moved := f.moves[known.ID]
	return moved && m.from == agent.ID && m.to == known.AgentID && now.Sub(m.at) < claimFor, nil
}

// claimed notes that an agent speaks for a till that another one has and hears, and gives what is wrong with it at the claimer.
func (f *Fleet) claimed(ctx context.Context, q *db.Queries, agent *access.Agent, till string) (*fiscalv1.Problem, error) {
	row, err := q.GetTill(ctx, db.GetTillParams{OrganisationID: agent.OrganisationID, ID: till})
	if err != nil {
		return nil, fmt.Errorf("read the till: %w", err)
	}
	other, err := q.GetAgent(ctx, agent.ID)
	if err != nil {
		return nil, fmt.Errorf("read the agent: %w", err)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.claims[till] = claim{other.Host, f.now()}
	f.moves[till] = move{agent.ID, row.AgentID, f.now()} // it lasts
	return claimProblem(row.Host), nil
}

// claimOn gives what is wrong with a till that another agent spoke for of late; nil when none did.
func (f *Fleet) claimOn(till string) *fiscalv1.Problem {
	f.mu.Lock()
	defer f.mu.Unlock()
	c, known := f.claims[till]
	if !known || f.now().Sub(c.at) > StaleAfter {
		return nil
	}
	return claimProblem(c.host)
}

// forgetClaims drops what says nothing any more, so that a cabinet that runs for years keeps no more than the last minutes of it.
func (f *Fleet) forgetClaims() {
	now := f.now()
	f.mu.Lock()
	defer f.mu.Unlock()
	maps.DeleteFunc(f.moves, func(_ string, m move) bool { return now.Sub(m.at) >= claimFor })
	maps.DeleteFunc(f.claims, func(_ string, c claim) bool { return now.Sub(c.at) > StaleAfter })
}

func claimProblem(host string) *fiscalv1.Problem {
	return &fiscalv1.Problem{
		Code: CodeClaimed, Severity: fiscalv1.Severity_SEVERITY_WARNING, Args: map[string]string{"host": host},
		Text: "С этой кассой говорит и другой компьютер: " + host + ".",
		Todo: "Оставьте кассу одному агенту: уберите её из настроек на лишнем компьютере.",
	}
}
