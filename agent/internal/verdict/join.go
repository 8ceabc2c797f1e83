package verdict

import (
	"context"
	"net/http"
	"time"
)

// Cabinet joins the agent to a cabinet.
type Cabinet interface {
	// Cabinet tells where the agent stands.
	Cabinet() CabinetState
	// Join turns a code into an identity; errors are sentences for the person who typed it.
	Join(ctx context.Context, code, cloud string) (organisation string, err error)
}

// CabinetState is where an agent stands with its cabinet.
type CabinetState struct {
	// Cloud is the address: that of the identity, or the configured one.
	Cloud string `json:"cloud"`
	// Organisation is empty before the first code.
	Organisation string `json:"organisation,omitempty"`
	// Online says that the cabinet answers.
	Online bool `json:"online"`
	// Problems are what is wrong with the line, in sentences.
	Problems []string `json:"problems,omitempty"`
}

// joinLimit bounds the wait for a cabinet that does not answer.
const joinLimit = 45 * time.Second

// cabinet tells a session where the agent stands with its cabinet.
func (p *Page) cabinet(w http.ResponseWriter, r *http.Request) {
	switch {
	case !p.sessions.valid(r, time.Now()):
		refuse(w, http.StatusUnauthorized, "чтобы действовать, откройте страницу командой chekan-agent page")
	case p.opts.Cabinet == nil:
		refuse(w, http.StatusNotFound, "такой страницы нет")
	default:
		answer(w, http.StatusOK, p.opts.Cabinet.Cabinet())
	}
}

// join spends a code that a person typed.
func (p *Page) join(w http.ResponseWriter, r *http.Request) {
	var asked struct {
		Code  string `json:"code"`
		Cloud string `json:"cloud"`
	}
	if !p.ours(w, r, &asked) {
		return
	}
	if p.opts.Cabinet == nil {
		refuse(w, http.StatusNotFound, "такой страницы нет")
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), joinLimit)
	defer cancel()
	organisation, err := p.opts.Cabinet.Join(ctx, asked.Code, asked.Cloud)
	if err != nil {
		refuse(w, http.StatusConflict, err.Error())
		return
	}
	p.opts.Log.Info("joined a cabinet on the page", "organisation", organisation)
	answer(w, http.StatusOK, map[string]any{"ok": true, "organisation": organisation})
}
