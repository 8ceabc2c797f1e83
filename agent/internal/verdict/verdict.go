// Package verdict is the page the agent itself serves beside the door: one huge
// state a till that a cashier can trust from a metre and a half away. It needs
// no internet, no cabinet and no mouse.
//
// # What is shown
//
// [Judge] is a pure function from an operation and the state of its till to
// colour, sentence and what to do with paper and card; the table in
// judge_test.go is its specification. Green means that the document is in the
// fiscal memory and the journal says so; red, that it is not there and will not
// come; amber, that nobody may ask again yet. An operation that is not ended
// always wins over one that is.
//
// Amber counts honestly. While the till works, the seconds passed are shown;
// while it is silent, the seconds of silence; only when it answers there is
// something to count down, [SettleLimit], and beyond that the page says that it
// takes longer.
//
// # Who may look, who may act
//
// Whoever sits at this computer may look: names of tills, colours, numbers of
// documents. Sums, cashiers, evidence and every button need a session: a cookie
// that a one-time link gives (`chekan-agent page`), and only who can read the
// door's token can make one. Other computers see nothing, even where the door
// is open to them. A web page of another origin can neither read nor act: Host
// and Origin are checked, fetch metadata too where the browser sends it, the
// cookie is SameSite=Strict, and acts are JSON posts from this very origin.
//
// Who asks from the cabinet to do something to a till stands above everything
// else, with the steps and the seconds left: one key allows, another does not,
// and silence allows nothing. Sales go on meanwhile.
//
// A person's decision goes through [Choices]: only documents that could be
// ours, and nothing where the fiscal memory itself is in doubt.
//
// # What this package does not do
//
// It decides nothing about operations (packages settle and till) and sells
// nothing (package pos).
package verdict

import (
	"context"
	"embed"
	"encoding/json"
	"log/slog"
	"mime"
	"net/http"
	"path"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/chekan-io/chekan/agent/internal/pos"
	fiscalv1 "github.com/chekan-io/chekan/proto/gen/fiscal/v1"
)

//go:embed page
var files embed.FS

const (
	heartbeat   = 2 * time.Second
	writeLimit  = 5 * time.Second
	actLimit    = 3 * time.Minute // finishing a print waits for paper to run
	decideLimit = 30 * time.Second
	maxBody     = 4 << 10
	mostStreams = 64
)

// Options of the page.
type Options struct {
	// Token is the door's: who bears it may make links for sessions.
	Token string
	// Tickets are the calls for help that are open, oldest first; nil is none.
	Tickets func() []OpenTicket
	// Problems of the agent itself, besides those of its tills; nil is none.
	Problems func() []*fiscalv1.Problem
	// Finder looks for tills while there is none; nil does not.
	Finder Finder
	// Title is how people call a till; nil, or an empty one, is its name.
	Title func(till string) string
	// Cabinet joins the agent to a cabinet; nil leaves that to the command line.
	Cabinet Cabinet
	Version string
	Log     *slog.Logger
}

// Page is the page with what it knows of the tills.
type Page struct {
	fleet    Fleet
	journal  Journal
	opts     Options
	board    *board
	sessions *sessions
	setup    *setup
	streams  chan struct{} // a place a stream
	mux      *http.ServeMux
}

// New makes the page; Run keeps it current.
func New(fleet Fleet, j Journal, opts Options) *Page {
	if opts.Log == nil {
		opts.Log = slog.New(slog.DiscardHandler)
	}
	p := &Page{
		fleet: fleet, journal: j, opts: opts, board: newBoard(), sessions: newSessions(opts.Token), streams: make(chan struct{}, mostStreams), mux: http.NewServeMux(),
	}
	p.setup = newSetup(opts.Finder, p.board.poke)
	p.mux.HandleFunc("GET /{$}", p.file)
	p.mux.HandleFunc("GET /page/{file}", p.file)
	p.mux.HandleFunc("GET /page/words/{file}", p.file)
	p.mux.HandleFunc("GET /page/events", p.events)
	p.mux.HandleFunc("GET /page/open", p.open)
	p.mux.HandleFunc("POST /page/link", p.link)
	p.mux.HandleFunc("POST /page/act", p.act)
	p.mux.HandleFunc("POST /page/decide", p.decide)
	p.mux.HandleFunc("POST /page/consent", p.consent)
	p.mux.HandleFunc("GET /page/cabinet", p.cabinet)
	p.mux.HandleFunc("POST /page/join", p.join)
	p.mux.HandleFunc("POST /page/find", p.find)
	p.mux.HandleFunc("POST /page/adopt", p.adopt)
	p.mux.HandleFunc("POST /page/accept", p.accept)
	return p
}

// Run follows the tills until ctx ends.
func (p *Page) Run(ctx context.Context) error {
	defer close(p.setup.over)
	p.board.run(ctx, p.fleet, p.journal, p.opts.Log)
	return nil
}

// Beside gives a handler that serves the page and leaves every other path to
// next.
func (p *Page) Beside(next http.Handler) http.Handler {
	guarded := guard(p.mux)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/" || strings.HasPrefix(r.URL.Path, "/page/") {
			guarded.ServeHTTP(w, r)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// guard refuses whatever is not a person at this computer or its own page.
func guard(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; "+
			"base-uri 'none'; form-action 'none'; frame-ancestors 'none'")
		h.Set("X-Frame-Options", "DENY")
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Cache-Control", "no-store")
		site := r.Header.Get("Sec-Fetch-Site")
		navigation := r.Method == http.MethodGet && r.Header.Get("Sec-Fetch-Mode") == "navigate"
		switch origin := r.Header.Get("Origin"); {
		case !pos.Loopback(r.RemoteAddr) || !pos.Loopback(r.Host):
			refuse(w, http.StatusForbidden, "страница открывается только на этом компьютере: http://127.0.0.1")
		case origin != "" && origin != "http://"+r.Host:
			refuse(w, http.StatusForbidden, "страницам с адреса "+origin+" нельзя")
		case site != "" && site != "same-origin" && site != "none" && !navigation:
			// Another port of this computer is another program, though the
			// browser calls it the same site and sends it the same cookies.
			refuse(w, http.StatusForbidden, "чужим страницам нельзя")
		default:
			next.ServeHTTP(w, r)
		}
	})
}

// contentTypes are said here because Windows keeps its own opinion of .js in the
// registry, and a browser refuses a script of another type.
var contentTypes = map[string]string{
	".html": "text/html; charset=utf-8", ".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8",
	".json": "application/json; charset=utf-8", ".svg": "image/svg+xml",
}

// file serves what the page is made of.
func (p *Page) file(w http.ResponseWriter, r *http.Request) {
	name := strings.TrimPrefix(r.URL.Path, "/")
	if name == "" {
		name = "page/index.html"
	}
	b, err := files.ReadFile(name)
	if err != nil {
		refuse(w, http.StatusNotFound, "такой страницы нет")
		return
	}
	w.Header().Set("Content-Type", contentTypes[path.Ext(name)])
	_, _ = w.Write(b) // nobody is left to hear that it broke
}

// picture is one event of the stream.
type picture struct {
	Version  string `json:"version"`
	Session  bool   `json:"session"`
	Problems []Line `json:"problems,omitempty"` // of the agent
	Asks     []Ask  `json:"asks,omitempty"`
	Tills    []View `json:"tills"`
	Setup    *Setup `json:"setup,omitempty"` // while there is no till
}

// events streams the whole picture at each change and at each heartbeat: a
// reader that missed one has lost nothing, and silence means a dead agent.
func (p *Page) events(w http.ResponseWriter, r *http.Request) {
	select {
	case p.streams <- struct{}{}:
		defer func() { <-p.streams }()
	default:
		refuse(w, http.StatusServiceUnavailable, "открыто слишком много страниц")
		return
	}
	w.Header().Set("Content-Type", "text/event-stream")
	out := http.NewResponseController(w)
	// The door gives a request some time to arrive; this one has arrived, and a
	// deadline that passes would end the stream. A test recorder has none.
	_ = out.SetReadDeadline(time.Time{})
	beat := time.NewTicker(heartbeat)
	defer beat.Stop()
	for {
		changed, asked := p.board.next(), p.fleet.ConsentsChanged()
		b, err := json.Marshal(p.picture(p.sessions.valid(r, time.Now())))
		if err != nil {
			p.opts.Log.Error("write the picture of the page", "error", err)
			return
		}
		_ = out.SetWriteDeadline(time.Now().Add(writeLimit))
		if _, err := w.Write([]byte("data: " + string(b) + "\n\n")); err != nil {
			return
		}
		if err := out.Flush(); err != nil {
			return
		}
		select {
		case <-r.Context().Done():
			return
		case <-changed:
		case <-asked:
		case <-beat.C:
		}
	}
}

func (p *Page) picture(session bool) picture {
	now := time.Now()
	pic := picture{
		Version: p.opts.Version, Session: session, Tills: entitle(p.board.views(p.fleet.States(), session, now), p.opts.Title), Asks: asks(p.fleet.Consents(), now),
	}
	pic.Setup = p.setup.view(len(pic.Tills))
	for i := range pic.Tills {
		pic.Tills[i].Ticket = p.ticketOf(pic.Tills[i].Till)
	}
	if p.opts.Problems != nil {
		for _, problem := range p.opts.Problems() {
			pic.Problems = append(pic.Problems, Line{Key: "problem." + problem.GetCode(), Args: problem.GetArgs()})
		}
	}
	return pic
}

// link makes a one-time link for whoever bears the door's token.
func (p *Page) link(w http.ResponseWriter, r *http.Request) {
	token, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	if !ok || p.opts.Token == "" || !sameText(token, p.opts.Token) {
		refuse(w, http.StatusUnauthorized, "нужен токен из папки данных агента")
		return
	}
	code, until, ok := p.sessions.link(time.Now())
	if !ok {
		refuse(w, http.StatusTooManyRequests, "слишком много ссылок: подождите две минуты")
		return
	}
	answer(w, http.StatusOK, map[string]any{"path": "/page/open?code=" + code, "expires_ms": until.UnixMilli()})
}

// open gives the session of a one-time link.
func (p *Page) open(w http.ResponseWriter, r *http.Request) {
	cookie, ok := p.sessions.open(r.URL.Query().Get("code"), time.Now())
	if ok {
		http.SetCookie(w, cookie)
		p.opts.Log.Info("page session opened")
		http.Redirect(w, r, "/", http.StatusSeeOther)
		return
	}
	http.Redirect(w, r, "/#link-spent", http.StatusSeeOther)
}

// actions are the two that cannot make a document.
var actions = map[string]fiscalv1.Action{
	"finish_print": fiscalv1.Action_ACTION_FINISH_PRINT,
	"check":        fiscalv1.Action_ACTION_CHECK,
}

// act runs an action a cashier may start.
func (p *Page) act(w http.ResponseWriter, r *http.Request) {
	var asked struct {
		Till string `json:"till"`
		Act  string `json:"act"`
	}
	if !p.ours(w, r, &asked) {
		return
	}
	action, ok := actions[asked.Act]
	if !ok {
		refuse(w, http.StatusBadRequest, "такого действия здесь нет")
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), actLimit)
	defer cancel()
	run, err := p.fleet.Act(ctx, uuid.NewString(), asked.Till, action, func(*fiscalv1.Run) {})
	if err != nil {
		refuse(w, http.StatusConflict, err.Error())
		return
	}
	answer(w, http.StatusOK, map[string]any{"ok": run.GetOk(), "text": run.GetText()})
}

// decide takes a person's decision, if it is one of the choices.
func (p *Page) decide(w http.ResponseWriter, r *http.Request) {
	var asked struct {
		Key string  `json:"key"`
		FD  *uint32 `json:"fd"`
	}
	if !p.ours(w, r, &asked) {
		return
	}
	var choices []Choice
	for _, v := range p.board.views(p.fleet.States(), true, time.Now()) {
		if v.Inside != nil && v.Inside.Key == asked.Key {
			choices = v.Inside.Choices
		}
	}
	if asked.FD == nil || !mayChoose(choices, *asked.FD) {
		refuse(w, http.StatusConflict, "так решить нельзя: операция уже решена или этот документ не может быть нашим")
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), decideLimit)
	defer cancel()
	op, err := p.fleet.Decide(ctx, asked.Key, *asked.FD)
	if err != nil {
		refuse(w, http.StatusConflict, err.Error())
		return
	}
	p.opts.Log.Info("decided on the page", "op", asked.Key, "fd", *asked.FD)
	answer(w, http.StatusOK, map[string]any{"ok": true, "text": op.GetText()})
}

// ours reads the body of an act: only from a session and only from this page.
func (p *Page) ours(w http.ResponseWriter, r *http.Request, into any) bool {
	switch kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type")); {
	case !p.sessions.valid(r, time.Now()):
		refuse(w, http.StatusUnauthorized, "чтобы действовать, откройте страницу командой chekan-agent page")
		return false
	case r.Header.Get("Origin") != "http://"+r.Host, kind != "application/json":
		refuse(w, http.StatusForbidden, "действовать можно только с этой страницы")
		return false
	}
	d := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxBody))
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		refuse(w, http.StatusBadRequest, "непонятный запрос")
		return false
	}
	return true
}

func refuse(w http.ResponseWriter, status int, text string) {
	answer(w, status, map[string]any{"ok": false, "text": text})
}

func answer(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v) // nobody is left to hear that it broke
}
