package api

import (
	"bytes"
	_ "embed"
	"errors"
	"fmt"
	"html/template"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"sync"
	"time"

	"rsc.io/qr"

	"github.com/chekan-io/chekan/cloud/internal/documents"
	"github.com/chekan-io/chekan/cloud/internal/reports"
	cabinetv1 "github.com/chekan-io/chekan/proto/gen/cabinet/v1"
	"github.com/chekan-io/chekan/protocol/fiscal"
)

//go:embed receipt.html
var receiptHTML string

// receiptPages show a buyer one receipt by a link, without signing in: plain pages without scripts, without cookies and without
// anything else of the cabinet.
type receiptPages struct {
	s        *Server
	template *template.Template
	asks     rate
}

const (
	// asksAMinute is how often one address may open links, right ones and wrong ones together.
	asksAMinute = 60
	// sendsAnHour is how many receipts one person may send.
	sendsAnHour = 100
	rateKeys    = 50_000
)

// rate counts by a key within a time. It forgets all keys rather than grow without bound.
type rate struct {
	most   int
	window time.Duration
	mu     sync.Mutex
	counts map[string]spent
}

type spent struct {
	n     int
	since time.Time
}

// take counts one and tells whether it was allowed.
func (r *rate) take(key string, now time.Time) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.counts == nil || len(r.counts) >= rateKeys {
		r.counts = map[string]spent{}
	}
	a := r.counts[key]
	if a.n == 0 || now.Sub(a.since) >= r.window {
		a = spent{since: now}
	}
	a.n++
	r.counts[key] = a
	return a.n <= r.most
}

func newReceiptPages(s *Server) *receiptPages {
	s.sends.most, s.sends.window = sendsAnHour, time.Hour
	return &receiptPages{s: s, template: template.Must(template.New("receipt").Parse(receiptHTML)), asks: rate{most: asksAMinute, window: time.Minute}}
}

// slipRow is a line of the slip for the template.
type slipRow struct {
	*cabinetv1.SlipLine
	Code template.HTML
}

// receiptView is what the template shows.
type receiptView struct {
	Words    receiptWords
	Language string
	// Trouble and Advice stand instead of the receipt.
	Trouble, Advice       string
	Title, Seller, At     string
	Sum, FN, FD, FP       string
	Slip                  []slipRow
	Own                   template.HTML
	Address, PDF, Expires string
}

func (p *receiptPages) head(w http.ResponseWriter) {
	h := w.Header()
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'none'; base-uri 'none'; form-action 'none'")
	h.Set("X-Robots-Tag", "noindex, nofollow, noarchive")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cache-Control", "no-store")
}

// from is who asks, as far as it can be known.
func (p *receiptPages) from(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		host = r.RemoteAddr
	}
	if p.s.BehindProxy {
		list := strings.Split(r.Header.Get("X-Forwarded-For"), ",")
		if last := strings.TrimSpace(list[len(list)-1]); last != "" {
			host = last
		}
	}
	// Whoever has one address of IPv6 has a whole network of them.
	if a, err := netip.ParseAddr(host); err == nil && a.Is6() && !a.Is4In6() {
		if net, err := a.Prefix(64); err == nil {
			return net.String()
		}
	}
	return host
}

// open gives the receipt of a link, or shows why there is none.
func (p *receiptPages) open(w http.ResponseWriter, r *http.Request) (documents.Link, documents.Document, documents.Sheet, bool) {
	ctx := r.Context()
	words := receiptWordsOf(languageOf(r))
	p.head(w)
	refuse := func(status int, trouble, advice string) (documents.Link, documents.Document, documents.Sheet, bool) {
		p.write(w, status, receiptView{Words: words, Language: words.Code, Title: trouble, Trouble: trouble, Advice: advice})
		return documents.Link{}, documents.Document{}, documents.Sheet{}, false
	}
	if !p.asks.take(p.from(r), p.s.Now()) {
		w.Header().Set("Retry-After", "60")
		return refuse(http.StatusTooManyRequests, words.TooOften, words.TooOftenTodo)
	}
	link, err := p.s.Documents.OpenLink(ctx, r.PathValue("word"))
	switch {
	case errors.Is(err, documents.ErrNotFound):
		return refuse(http.StatusNotFound, words.Unknown, words.UnknownTodo)
	case errors.Is(err, documents.ErrLinkEnded):
		return refuse(http.StatusGone, words.Ended, words.EndedTodo)
	case errors.Is(err, documents.ErrLinkRevoked):
		return refuse(http.StatusGone, words.Revoked, words.EndedTodo)
	}
	var doc documents.Document
	var copied documents.Copy
	if err == nil {
		doc, err = p.s.Documents.Document(ctx, link.OrganisationID, link.FN, link.FD)
	}
	if err == nil {
		copied, err = p.s.Documents.Copy(ctx, link.OrganisationID, link.FN, link.FD)
	}
	if err != nil {
		p.s.Log.ErrorContext(ctx, "receipt of a link", "error", err)
		return refuse(http.StatusInternalServerError, words.Broken, words.TooOftenTodo)
	}
	return link, doc, copied.Sheet(doc), true
}

// spokenTime is a till's own time as people write it: 22.11.2026 09:06.
func spokenTime(civil string) string {
	at, err := time.Parse("2006-01-02T15:04", civil)
	if err != nil {
		return strings.Replace(civil, "T", " ", 1)
	}
	return at.Format("02.01.2006 15:04")
}

// spokenSum is an amount as people write it: 2 499,00.
func spokenSum(minor int64) string {
	whole, part, _ := strings.Cut(fiscal.Money(minor).String(), ".")
	digits, sign := strings.TrimPrefix(whole, "-"), ""
	if digits != whole {
		sign = "-"
	}
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + "\u00a0" + digits[i:]
	}
	return sign + digits + "," + part
}

// page shows a receipt.
func (p *receiptPages) page(w http.ResponseWriter, r *http.Request) {
	link, doc, sheet, ok := p.open(w, r)
	if !ok {
		return
	}
	words := receiptWordsOf(languageOf(r))
	d := doc.Document
	address := p.s.receiptAddress(r.PathValue("word"))
	v := receiptView{
		Words: words, Language: words.Code, Title: documents.Title(d.GetType()), At: spokenTime(d.GetAt()),
		Sum: spokenSum(d.GetTotal()), FN: d.GetFn(), FD: fmt.Sprint(d.GetFd()), FP: fmt.Sprintf("%010d", d.GetFp()), Address: address,
		Own: drawn(address), Expires: link.Expires.UTC().Format("02.01.2006"),
	}
	for _, line := range sheet.Slip {
		row := slipRow{SlipLine: line}
		if line.GetQr() != "" {
			row.Code = drawn(line.GetQr())
		}
		v.Slip = append(v.Slip, row)
	}
	if len(sheet.Slip) > 0 {
		v.PDF = "/r/" + r.PathValue("word") + "/receipt.pdf"
	}
	p.write(w, http.StatusOK, v)
}

func (p *receiptPages) write(w http.ResponseWriter, status int, v receiptView) {
	var out bytes.Buffer
	if err := p.template.Execute(&out, v); err != nil {
		p.s.Log.Error("page of a receipt", "error", err)
		http.Error(w, "internal error", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Content-Language", v.Language)
	w.WriteHeader(status)
	_, _ = w.Write(out.Bytes()) // a reader that has left need not be told
}

// pdf gives a receipt as a file: the slip alone, for tags are for accountants.
func (p *receiptPages) pdf(w http.ResponseWriter, r *http.Request) {
	link, doc, sheet, ok := p.open(w, r)
	if !ok {
		return
	}
	file, err := reports.PDF(reports.Sheet{
		Title: fmt.Sprintf("%s, ФД %d", documents.Title(doc.Document.GetType()), link.FD), Columns: documents.Columns, Slip: sheet.Slip, Stored: doc.Stored,
	})
	if err != nil || len(sheet.Slip) == 0 {
		http.NotFound(w, r)
		return
	}
	h := w.Header()
	h.Set("Content-Type", "application/pdf")
	h.Set("Content-Disposition", fmt.Sprintf(`attachment; filename="receipt-%d.pdf"`, link.FD))
	_, _ = w.Write(file)
}

// drawn is a code as a picture; nothing when it is too long for one.
func drawn(text string) template.HTML {
	code, err := qr.Encode(text, qr.M)
	if err != nil {
		return ""
	}
	var path strings.Builder
	for y := range code.Size {
		for x := range code.Size {
			if code.Black(x, y) {
				fmt.Fprintf(&path, "M%d %dh1v1h-1z", x+4, y+4)
			}
		}
	}
	side := code.Size + 8                                                                                                                                                          // with the quiet zone of ISO/IEC 18004
	return template.HTML(fmt.Sprintf(`<svg viewBox="0 0 %d %d" role="img" aria-label="QR" shape-rendering="crispEdges"><path fill="#fff" d="M0 0h%dv%dH0z"/><path d="%s"/></svg>`, //nolint:gosec // numbers of our own
		side, side, side, side, path.String()))
}

// languageOf is the language a browser asks for, of those there are.
func languageOf(r *http.Request) string {
	for part := range strings.SplitSeq(r.Header.Get("Accept-Language"), ",") {
		tag, _, _ := strings.Cut(strings.TrimSpace(part), ";")
		switch code, _, _ := strings.Cut(strings.ToLower(tag), "-"); code {
		case "ru", "kk", "en":
			return code
		}
	}
	return "ru"
}
