// Package metrics gives the numbers of an agent to Prometheus and to whoever
// reads its text format (version 0.0.4): one page on a listener of its own, made
// anew at every question.
//
// The writing is ours because the format is twenty lines and the usual library
// with what it brings is several times the rest of what the agent needs for it;
// the tests read the page with Prometheus' own parser.
//
// # What is on the page
//
// Counts, ages, days, states. The names of tills are those of the
// configuration. What the names mean is in docs/monitoring.
//
// # What is not
//
// Sums, names of people or of the shop, numbers of devices, texts. The listener
// takes loopback addresses only, and answers no other host, so that a page in a
// browser cannot read it under a name of its own.
package metrics

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Kind is the type of a family.
type Kind string

// Kinds.
const (
	Gauge   Kind = "gauge"
	Counter Kind = "counter"
)

// Label is a name and its value.
type Label struct{ Name, Value string }

// Sample is one number of a family.
type Sample struct {
	Labels []Label
	Value  float64
}

// Family is a metric with all its samples.
type Family struct {
	Name, Help string
	Kind       Kind
	Samples    []Sample
}

// Page gathers families in the order in which they are first named.
type Page struct {
	families []*Family
	byName   map[string]*Family
}

// Add puts a number on the page; labels are name and value in turn. The first
// use of a name decides its kind and help.
func (p *Page) Add(name string, kind Kind, help string, value float64, labels ...string) {
	f := p.family(name, kind, help)
	s := Sample{Value: value}
	for i := 0; i+1 < len(labels); i += 2 {
		s.Labels = append(s.Labels, Label{labels[i], labels[i+1]})
	}
	f.Samples = append(f.Samples, s)
}

// Flag is Add of yes or no.
func (p *Page) Flag(name, help string, yes bool, labels ...string) {
	value := 0.0
	if yes {
		value = 1
	}
	p.Add(name, Gauge, help, value, labels...)
}

// family finds one, or begins it: a family without samples still says its name.
func (p *Page) family(name string, kind Kind, help string) *Family {
	if f := p.byName[name]; f != nil {
		return f
	}
	if p.byName == nil {
		p.byName = map[string]*Family{}
	}
	f := &Family{Name: name, Help: help, Kind: kind}
	p.byName[name], p.families = f, append(p.families, f)
	return f
}

// Declare puts a family on the page that may have no samples now.
func (p *Page) Declare(name string, kind Kind, help string) { p.family(name, kind, help) }

var (
	escapeHelp  = strings.NewReplacer(`\`, `\\`, "\n", `\n`)
	escapeLabel = strings.NewReplacer(`\`, `\\`, "\n", `\n`, `"`, `\"`)
)

// WriteTo writes the page in the text format (Prometheus: Exposition formats).
func (p *Page) WriteTo(w io.Writer) (int64, error) {
	counted := &counter{w: w}
	out := bufio.NewWriter(counted)
	for _, f := range p.families {
		_, _ = fmt.Fprintf(out, "# HELP %s %s\n# TYPE %s %s\n", f.Name, escapeHelp.Replace(f.Help), f.Name, f.Kind)
		for _, s := range f.Samples {
			_, _ = out.WriteString(f.Name)
			for i, l := range s.Labels {
				between := ","
				if i == 0 {
					between = "{"
				}
				_, _ = fmt.Fprintf(out, `%s%s="%s"`, between, l.Name, escapeLabel.Replace(strings.ToValidUTF8(l.Value, "?")))
			}
			if len(s.Labels) > 0 {
				_ = out.WriteByte('}')
			}
			_, _ = fmt.Fprintf(out, " %s\n", number(s.Value))
		}
	}
	return counted.n, out.Flush() // which has the error of every write before it
}

func number(v float64) string {
	switch {
	case math.IsInf(v, 1):
		return "+Inf"
	case math.IsInf(v, -1):
		return "-Inf"
	}
	return strconv.FormatFloat(v, 'g', -1, 64) // NaN is NaN
}

type counter struct {
	w io.Writer
	n int64
}

func (c *counter) Write(b []byte) (int, error) {
	n, err := c.w.Write(b)
	c.n += int64(n)
	return n, err
}

// Handler answers GET /metrics with what gather gives.
func Handler(gather func(context.Context) *Page) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /metrics", func(w http.ResponseWriter, r *http.Request) {
		if !ours(r.Host) {
			http.Error(w, "not under this name", http.StatusForbidden)
			return
		}
		w.Header().Set("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
		w.Header().Set("Cache-Control", "no-store")
		_, _ = gather(r.Context()).WriteTo(w) // a reader that has left need not be told
	})
	return mux
}

// ours tells whether a question names this computer as this computer does.
func ours(host string) bool {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	ip := net.ParseIP(strings.Trim(host, "[]"))
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// Limits of the listener: nobody but a collector comes, once in a while.
const (
	headerLimit = 5 * time.Second
	writeLimit  = 10 * time.Second
	idleLimit   = 2 * time.Minute
	headerBytes = 8 << 10
)

// Serve answers at a loopback address until ctx ends. An address that cannot be
// had is told to the log and to the doctor, and stops nothing.
func Serve(ctx context.Context, address string, gather func(context.Context) *Page, log *slog.Logger) error {
	if address == "" {
		return nil
	}
	var lc net.ListenConfig
	l, err := lc.Listen(ctx, "tcp", address)
	if err != nil {
		log.Error("no metrics", "address", address, "error", err)
		return nil
	}
	log.Info("metrics", "address", "http://"+l.Addr().String()+"/metrics")
	s := &http.Server{
		Handler: Handler(gather), ReadHeaderTimeout: headerLimit, WriteTimeout: writeLimit, IdleTimeout: idleLimit, MaxHeaderBytes: headerBytes,
		ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelDebug),
	}
	stop := context.AfterFunc(ctx, func() { _ = s.Close() })
	defer stop()
	if err := s.Serve(l); !errors.Is(err, http.ErrServerClosed) && ctx.Err() == nil {
		log.Error("metrics stopped", "error", err)
	}
	return nil
}

// Names gives the names of the families on the page, in order of the alphabet.
func (p *Page) Names() []string {
	names := make([]string, 0, len(p.families))
	for _, f := range p.families {
		names = append(names, f.Name)
	}
	slices.Sort(names)
	return names
}
