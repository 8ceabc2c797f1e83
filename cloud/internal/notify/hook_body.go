package notify

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/chekan-io/chekan/cloud/internal/store"
	"github.com/chekan-io/chekan/cloud/internal/store/db"
)

// hookBody is what a webhook carries (docs/notifications.md).
type hookBody struct {
	ID           string            `json:"id"`
	Event        string            `json:"event"`
	Kind         string            `json:"kind"`
	Cause        string            `json:"cause"`
	Code         string            `json:"code"`
	Args         map[string]string `json:"args,omitempty"`
	Urgent       bool              `json:"urgent"`
	At           string            `json:"at"`
	Since        string            `json:"since,omitempty"`
	Organisation string            `json:"organisation"`
	Common       string            `json:"common"`
	CommonName   string            `json:"common_name"`
	Title        string            `json:"title"`
	Tills        []hookTill        `json:"tills"`
	URL          string            `json:"url"`
}

type hookTill struct {
	ID       string `json:"id"`
	Name     string `json:"name"`
	Outlet   string `json:"outlet"`
	OutletID string `json:"outlet_id"`
}

var kindNames = map[NoticeKind]string{Began: "began", Worse: "worse", Ended: "ended"}

// fill says in a body of which tills it is and what they have, and gives it as it goes out.
func (n *Notify) fill(body hookBody, s story) (string, error) {
	body.Code, body.Args = s.Code, safe(s.Args)
	body.Title, body.URL, body.Tills = wordsIn("ru").title(s), n.url+"/notifications", make([]hookTill, 0, len(s.Tills))
	for _, t := range s.Tills {
		body.Tills = append(body.Tills, hookTill{t.ID, t.Name, t.Outlet, t.OutletID})
	}
	if len(s.Tills) == 1 {
		body.URL = n.url + "/tills/" + s.Tills[0].ID
	}
	text, err := json.Marshal(body)
	if err != nil {
		return "", fmt.Errorf("encode webhook: %w", err)
	}
	return string(text), nil
}

// tellable gives what of a delivery may be told now. To the owner of the tills that is what was decided. A service centre is told of
// those that are in its hands at this moment: when a grant was revoked or has ended since, of fewer or, with an empty body, of none.
func (n *Notify) tellable(ctx context.Context, c db.NotifyChannel, row db.NotifyOutbox) (string, error) {
	var body hookBody
	if err := json.Unmarshal([]byte(row.Body), &body); err != nil {
		return "", fmt.Errorf("read delivery %s: %w", row.ID, err)
	}
	if body.Organisation == c.OrganisationID {
		return row.Body, nil
	}
	s, organisation, err := n.story(ctx, row.NoticeID)
	if store.NotFound(err) { // too old to be of use
		return "", nil
	} else if err != nil {
		return "", err
	}
	reach, err := n.access.ServiceReach(ctx, c.OrganisationID)
	if err != nil {
		return "", err
	}
	told := map[string]bool{}
	for _, t := range body.Tills {
		told[t.ID] = true
	}
	tills := slices.DeleteFunc(within(reach, organisation, s.Tills), func(m Member) bool { return !told[m.ID] })
	switch len(tills) {
	case 0:
		return "", nil
	case len(body.Tills):
		return row.Body, nil
	}
	return n.fill(body, s.of(tills))
}

func stamp(t time.Time) string { return t.UTC().Format(time.RFC3339) }

// safe are the values that may leave: see harmless.
func safe(args map[string]string) map[string]string {
	kept := map[string]string{}
	for _, name := range append(slices.Clone(harmless), "seconds", "action") {
		if value, ok := args[name]; ok {
			kept[name] = bounded(value, 100)
		}
	}
	return kept
}
