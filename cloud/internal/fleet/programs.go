package fleet

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/chekan-io/chekan/cloud/internal/access"
	"github.com/chekan-io/chekan/cloud/internal/store"
	"github.com/chekan-io/chekan/cloud/internal/store/db"
	fiscalv1 "github.com/chekan-io/chekan/proto/gen/fiscal/v1"
	uplinkv1 "github.com/chekan-io/chekan/proto/gen/uplink/v1"
)

// ErrTwin says that another program speaks under the same identity, and was there before: this one is a copy of its disk, or it is
// the other way round; a person has to enrol one of them anew.
var ErrTwin = errors.New("another program speaks as this agent")

const (
	// twinSilence is for how long two programs under one identity are told of after one of them fell silent: a computer that is
	// on at weekends only is still a second one.
	twinSilence = 14 * 24 * time.Hour
	// heirAfter is how long the first of two programs has to be silent before another may speak for it. Hello is said every ten
	// minutes.
	heirAfter = 25 * time.Minute
	// maxPrograms bounds what is kept of one agent: each crash between an answer and its saving leaves one.
	maxPrograms = 16
	// maxWord bounds a token or an instance an agent shows.
	maxWord = 64
)

// greeting is what tells a program: the token it was given last, its start, and where it says hello from.
type greeting struct {
	Token, Instance, Host, Address string
}

// program is one of those that spoke as an agent. It goes from token to token: each hello shows the last one and gets a new one.
type program struct {
	ID, Token, Instance, Host, Address string
	// Began is its first hello, Heard its last; Returned is its last hello that came after another program's.
	Began, Heard, Returned time.Time
}

// greet is a hello: it finds the program that goes on with the token shown, or a new one, which is given fresh as id and token. It
// returns the programs there are now and which of them spoke.
//
// A token that is nobody's last one begins a new program: the first hello, an answer that was lost or not saved before a
// crash, a snapshot brought back, a cabinet that was itself restored. None of these makes two: the program left behind never
// shows its token again. Two programs do, in turn.
func greet(programs []program, g greeting, fresh string, now time.Time) ([]program, string) {
	list := slices.Clone(programs)
	slices.SortStableFunc(list, func(a, b program) int { return a.Heard.Compare(b.Heard) })
	at := slices.IndexFunc(list, func(p program) bool { return g.Token != "" && p.Token == g.Token })
	if at < 0 {
		for len(list) >= maxPrograms {
			list = list[1:]
		}
		list = append(list, program{ID: fresh, Began: now})
		at = len(list) - 1
	} else if at < len(list)-1 {
		list[at].Returned = now
	}
	p := &list[at]
	p.Token, p.Instance, p.Host, p.Address, p.Heard = fresh, g.Instance, g.Host, g.Address, now
	return list, p.ID
}

// rivals gives the programs that are there at the same time, first the one that was first; none when there is at most one. Two are there
// at the same time when each has spoken after the other had, and had begun before: A, B, A, B.
func rivals(programs []program, now time.Time) []program {
	var list []program
	for i, a := range programs {
		both := func(b program) bool {
			return a.Returned.After(b.Began) && b.Returned.After(a.Began) && now.Sub(b.Heard) < twinSilence
		}
		rest := slices.Concat(programs[:i], programs[i+1:])
		if !a.Returned.IsZero() && now.Sub(a.Heard) < twinSilence && slices.ContainsFunc(rest, func(b program) bool { return !b.Returned.IsZero() && both(b) }) {
			list = append(list, a)
		}
	}
	slices.SortStableFunc(list, func(a, b program) int { return cmp.Or(a.Began.Compare(b.Began), strings.Compare(a.ID, b.ID)) })
	return list
}

// admitted tells whether a program may speak as the agent: always when it is the only one, and of several the first that is not silent.
func admitted(programs []program, id string, now time.Time) bool {
	list := rivals(programs, now)
	if !slices.ContainsFunc(list, func(p program) bool { return p.ID == id }) {
		return true
	}
	for _, p := range list {
		if p.ID == id {
			return true
		}
		if now.Sub(p.Heard) < heirAfter {
			return false
		}
	}
	return true
}

// Twin is one of several programs under one identity.
type Twin struct {
	Host, Address string
	Heard         time.Time
}

func twinsOf(programs []program, now time.Time) []Twin {
	var list []Twin
	for _, p := range rivals(programs, now) {
		list = append(list, Twin{Host: p.Host, Address: p.Address, Heard: p.Heard})
	}
	return list
}

func programOf(row db.AgentProgram) program {
	p := program{
		ID: row.ID, Token: row.Token, Instance: row.Instance, Host: row.Host, Address: row.Address,
		Began: time.UnixMicro(row.BeganAt), Heard: time.UnixMicro(row.HeardAt),
	}
	if row.ReturnedAt != 0 {
		p.Returned = time.UnixMicro(row.ReturnedAt)
	}
	return p
}

// meet notes who says hello as an agent and gives the token for the next hello; [ErrTwin] when somebody else speaks for the agent.
// An agent too old to tell its start is taken at its certificate's word.
func (f *Fleet) meet(ctx context.Context, agent *access.Agent, hello *uplinkv1.HelloRequest, address string) (token string, err error) {
	if hello.GetInstance() == "" {
		return "", nil
	}
	if len(hello.GetInstance()) > maxWord || len(hello.GetToken()) > maxWord || !store.Keeps(hello.GetInstance()) || !store.Keeps(hello.GetToken()) {
		return "", fmt.Errorf("instance and token have at most %d bytes: %w", maxWord, ErrInvalid)
	}
	g := greeting{Token: hello.GetToken(), Instance: hello.GetInstance(), Host: limited(hello.GetHost(), 200), Address: limited(address, 100)}
	now := f.now()
	token = rand.Text()
	var before, after []Twin
	in := false
	left := int64(0)
	err = f.store.Tx(ctx, func(q *db.Queries) error {
		rows, err := q.ListPrograms(ctx, agent.ID)
		if err != nil {
			return fmt.Errorf("list programs: %w", err)
		}
		programs := make([]program, len(rows))
		for i, row := range rows {
			programs[i] = programOf(row)
		}
		before = twinsOf(programs, now)
		list, id := greet(programs, g, token, now)
		after, in = twinsOf(list, now), admitted(list, id, now)
		if !in { // it keeps its token, for it is given no other
			for i := range list {
				if list[i].ID == id {
					list[i].Token = g.Token
				}
			}
		}
		for _, p := range programs {
			if !slices.ContainsFunc(list, func(kept program) bool { return kept.ID == p.ID }) {
				if err := q.DeleteProgram(ctx, db.DeleteProgramParams{AgentID: agent.ID, ID: p.ID}); err != nil {
					return fmt.Errorf("forget a program: %w", err)
				}
			}
		}
		for _, p := range list {
			if p.ID != id {
				continue
			}
			row := db.PutProgramParams{
				OrganisationID: agent.OrganisationID, AgentID: agent.ID, ID: p.ID, Token: p.Token, Instance: p.Instance, Host: p.Host,
				Address: p.Address, BeganAt: store.Micros(p.Began), HeardAt: store.Micros(p.Heard),
			}
			if !p.Returned.IsZero() {
				row.ReturnedAt = store.Micros(p.Returned)
			}
			if err := q.PutProgram(ctx, row); err != nil {
				return fmt.Errorf("note a program: %w", err)
			}
		}
		// Enrolled anew: it speaks as its former self no more.
		left, err = q.LeavePrograms(ctx, db.LeaveProgramsParams{OrganisationID: agent.OrganisationID, AgentID: agent.ID, Token: g.Token, Instance: g.Instance})
		if err != nil {
			return fmt.Errorf("leave the former agent: %w", err)
		}
		if !in {
			return nil
		}
		return q.SetAgentIdentity(ctx, db.SetAgentIdentityParams{ID: agent.ID, Platform: limited(hello.GetPlatform(), 50), Instance: g.Instance})
	})
	if err != nil {
		return "", fmt.Errorf("note who says hello: %w", err)
	}
	if len(before) != len(after) || left > 0 {
		if len(after) > len(before) {
			f.log.WarnContext(ctx, "several programs speak as one agent", "agent", agent.ID, "programs", after)
		}
		if err := f.publishTills(ctx, agent.OrganisationID); err != nil {
			return "", err
		}
	}
	if !in {
		return "", ErrTwin
	}
	return token, nil
}

// publishTills tells of every till of an organisation.
func (f *Fleet) publishTills(ctx context.Context, organisation string) error {
	tills, err := f.store.Read().ListTillNames(ctx, organisation)
	if err != nil {
		return fmt.Errorf("list tills: %w", err)
	}
	for _, t := range tills {
		f.hub.Publish(organisation, Change{What: TillChanged, TillID: t.ID})
	}
	return nil
}

// twins gives the programs of those agents of an organisation that have several.
func (f *Fleet) twins(ctx context.Context, organisation string) (map[string][]Twin, error) {
	rows, err := f.store.Read().ListRivals(ctx, organisation)
	if err != nil {
		return nil, fmt.Errorf("list programs: %w", err)
	}
	programs := map[string][]program{}
	for _, row := range rows {
		programs[row.AgentID] = append(programs[row.AgentID], programOf(row))
	}
	twins := map[string][]Twin{}
	for id, list := range programs {
		if found := twinsOf(list, f.now()); len(found) > 0 {
			twins[id] = found
		}
	}
	return twins, nil
}

// CodeTwins is the problem of a till whose agent's disk was copied.
const CodeTwins = "agent_twins"

func twinsProblem(twins []Twin) *fiscalv1.Problem {
	names := make([]string, len(twins))
	for i, t := range twins {
		names[i] = t.Host
		if t.Address != "" {
			names[i] += " (" + t.Address + ")"
		}
	}
	return &fiscalv1.Problem{
		Code: CodeTwins, Severity: fiscalv1.Severity_SEVERITY_WARNING, Args: map[string]string{"programs": strings.Join(names, ", ")},
		Text: "Под именем одного агента работают несколько компьютеров: " + strings.Join(names, ", ") + ".",
		Todo: "Диск агента скопирован. Подключите копию заново: код на странице «Агенты», команда на самом компьютере.",
	}
}
