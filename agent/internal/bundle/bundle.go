// Package bundle makes a file that a shop may send to whoever helps it, and
// runs what is in it once more.
//
// # What is in it
//
// A ZIP: what the agent is and how it is set up, what is wrong now, the last
// operations, the end of the log, and for each till what was said on its wire,
// byte by byte with times, with what happened in between.
//
// # What is not in it
//
// Sums, names of goods, names and INN of cashiers, phones and addresses of
// buyers, passwords. They are cut here, before anything is written. A message
// of the wire keeps its length and its checksum: sums become zeros, texts
// spaces. What has no known layout becomes zeros whole, and so does a frame
// that came damaged, which stays as damaged.
//
// Settling compares sums. Where the till tells one that is compared (subtotal,
// document of the archive), its place among the sums of the receipt at hand is
// written instead: 0 nothing yet, 1 the first line, n the whole of n lines,
// 99999 any other. So "the same sum" and "another sum" are still told apart;
// how much it was is not.
//
// # Running it again
//
// [Replay] lets the driver and package till do an operation on a cable that
// plays the recording, and compares what they say then with what they said.
// What the program writes is blanked in the same manner before it is compared
// with the recording. The recording keeps its pace: a replay takes as long as
// the operation did.
package bundle

import (
	"archive/zip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"runtime"
	"strings"
	"time"

	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	"github.com/chekan-io/chekan/agent/internal/blackbox"
	fiscalv1 "github.com/chekan-io/chekan/proto/gen/fiscal/v1"
	journalv1 "github.com/chekan-io/chekan/proto/gen/journal/v1"
	posv1 "github.com/chekan-io/chekan/proto/gen/pos/v1"
)

// format grows with each change that an older program would misread.
const format = 1

// Bounds of what goes in.
const (
	lastOperations = 500
	logTail        = 1 << 20
)

// Names in the file.
const (
	manifestFile   = "manifest.json"
	configFile     = "config.json"
	stateFile      = "state.json"
	operationsFile = "operations.jsonl"
	logFile        = "log.jsonl"
	readmeFile     = "ПРОЧТИ.txt"
	wireFolder     = "wire/"
	wireSuffix     = ".txt"
)

// Journal is what a bundle needs of package journal.
type Journal interface {
	List(till string, limit int, page string, unfinishedOnly bool) (recs []*journalv1.Record, next string, err error)
}

// Source is where a bundle is made from. Whatever is missing is said in the
// bundle and stops nothing: it is made when things are broken.
type Source struct {
	Version string
	Now     time.Time
	// Config is the configuration without secrets.
	Config map[string]any
	Tills  []Till
	// Journal may be nil; then JournalError says why.
	Journal      Journal
	JournalError error
	// Agent and States are what the running agent says of itself; nil when it
	// does not answer.
	Agent  *posv1.AgentStatusResponse
	States []*fiscalv1.TillState
	// Log is the file of the agent's log.
	Log string
}

// Till is one till of the configuration.
type Till struct {
	Name   string `json:"name"`
	Driver string `json:"driver"`
	Link   string `json:"link"`
	Box    string `json:"-"` // file of its black box
}

// Manifest is the first thing in the file.
type Manifest struct {
	Format  int       `json:"format"`
	Version string    `json:"version"`
	System  string    `json:"system"`
	Made    time.Time `json:"made"`
	Tills   []Till    `json:"tills"`
	// Missing says what could not be had, and why.
	Missing []string `json:"missing,omitempty"`
}

// Make writes a bundle.
func Make(ctx context.Context, w io.Writer, src Source) error {
	return newMaker(w, src).make(ctx)
}

func newMaker(w io.Writer, src Source) *maker {
	return &maker{
		zip: zip.NewWriter(w), scrub: newScrubber(), byKey: map[string]*fiscalv1.Operation{}, src: src,
		manifest: Manifest{Format: format, Version: src.Version, System: runtime.GOOS + "/" + runtime.GOARCH, Made: src.Now.UTC(), Tills: src.Tills},
	}
}

func (m *maker) make(ctx context.Context) error {
	for _, step := range []func() error{m.readJournal, m.operations, m.wires, m.state, m.config, m.log, m.finish} {
		if err := ctx.Err(); err != nil {
			return fmt.Errorf("make bundle: %w", err)
		}
		if err := step(); err != nil {
			return fmt.Errorf("make bundle: %w", err)
		}
	}
	if err := m.zip.Close(); err != nil {
		return fmt.Errorf("make bundle: %w", err)
	}
	return nil
}

type maker struct {
	zip      *zip.Writer
	scrub    *scrubber
	src      Source
	manifest Manifest
	recs     []*journalv1.Record
	byKey    map[string]*fiscalv1.Operation
}

func (m *maker) missing(what string, err error) {
	m.manifest.Missing = append(m.manifest.Missing, what+": "+m.scrub.text(err.Error()))
}

// learnOperations is how far back names and sums are learnt: the log may tell
// of operations that are not in the bundle.
const learnOperations = 20_000

func (m *maker) readJournal() error {
	if m.src.Journal == nil {
		if m.src.JournalError != nil {
			m.missing("journal", m.src.JournalError)
		}
		return nil
	}
	seen := 0
	for page := ""; seen < learnOperations; {
		recs, next, err := m.src.Journal.List("", 1000, page, false)
		if err != nil {
			m.missing("journal", err)
			return nil
		}
		for _, rec := range recs {
			op := rec.GetOperation()
			m.scrub.learn(op)
			m.byKey[op.GetKey()] = op
			if len(m.recs) < lastOperations {
				m.recs = append(m.recs, rec)
			}
		}
		seen += len(recs)
		if page = next; page == "" {
			break
		}
	}
	return nil
}

func (m *maker) operations() error {
	w, err := m.zip.Create(operationsFile)
	if err != nil {
		return err
	}
	for _, rec := range m.recs {
		line, err := protojson.MarshalOptions{UseProtoNames: true}.Marshal(cut(rec, m.scrub))
		if err != nil {
			return err
		}
		if _, err := w.Write(append(line, '\n')); err != nil {
			return err
		}
	}
	return nil
}

func (m *maker) wires() error {
	for _, t := range m.src.Tills {
		records, err := blackbox.Read(t.Box)
		if err != nil {
			m.missing("black box of "+t.Name, err)
			continue
		}
		r := &redactor{}
		records = r.redact(records, func(text string) string {
			e, ok := parseEvent(text)
			if !ok {
				return m.scrub.text(text)
			}
			if e.name == "begin" || e.name == "resume" {
				r.sums = sums{}
				if op := m.byKey[e.values["key"]]; op != nil {
					r.sums = sumsOf(op)
				}
			}
			return e.scrubbed(m.scrub)
		})
		w, err := m.zip.Create(wireFolder + t.Name + wireSuffix)
		if err != nil {
			return err
		}
		if err := writeTranscript(w, records); err != nil {
			return err
		}
	}
	return nil
}

// state writes what the agent says of itself and its tills.
func (m *maker) state() error {
	if m.src.Agent == nil {
		m.missing("state", errors.New("the agent does not answer"))
	}
	type list struct {
		Agent json.RawMessage   `json:"agent,omitempty"`
		Tills []json.RawMessage `json:"tills,omitempty"`
	}
	var out list
	if m.src.Agent != nil {
		out.Agent = m.said(proto.CloneOf(m.src.Agent))
	}
	for _, s := range m.src.States {
		s = proto.CloneOf(s)
		s.Inn = ""
		out.Tills = append(out.Tills, m.said(s))
	}
	return m.json(stateFile, out)
}

// said is a message as JSON with its texts scrubbed.
func (m *maker) said(msg proto.Message) json.RawMessage {
	b, err := protojson.MarshalOptions{UseProtoNames: true}.Marshal(msg)
	if err != nil {
		return nil
	}
	return m.scrub.line(b)
}

func (m *maker) config() error { return m.json(configFile, m.src.Config) }

func (m *maker) log() error {
	f, err := os.Open(m.src.Log)
	if err != nil {
		if !errors.Is(err, fs.ErrNotExist) || m.src.Log != "" {
			m.missing("log", err)
		}
		return nil
	}
	defer f.Close()
	if info, err := f.Stat(); err == nil && info.Size() > logTail {
		if _, err := f.Seek(-logTail, io.SeekEnd); err != nil {
			m.missing("log", err)
			return nil
		}
	}
	w, err := m.zip.Create(logFile)
	if err != nil {
		return err
	}
	left, err := m.scrub.log(w, f)
	if left > 0 {
		m.manifest.Missing = append(m.manifest.Missing, fmt.Sprintf("log: %d lines that are not of ours", left))
	}
	return err
}

const readme = `Это файл для разбора неполадки с кассой. Его сделала программа «Чекан» (chekan-agent bundle).

В нём есть: версии и настройки без паролей; что сейчас не так; последние операции (вид, исход, время, номер ФД);
конец журнала программы; обмен с кассой байт за байтом.

В нём нет: сумм, названий товаров, имён и ИНН кассиров, телефонов и адресов покупателей, паролей касс. Они вырезаны
до записи файла: в обмене с кассой вместо сумм нули, вместо текстов пробелы.

Повторить обмен: chekan-agent replay ИМЯ-ЭТОГО-ФАЙЛА.zip
`

func (m *maker) finish() error {
	w, err := m.zip.Create(readmeFile)
	if err != nil {
		return err
	}
	if _, err := io.WriteString(w, strings.TrimLeft(readme, "\n")); err != nil {
		return err
	}
	return m.json(manifestFile, m.manifest)
}

func (m *maker) json(name string, value any) error {
	w, err := m.zip.Create(name)
	if err != nil {
		return err
	}
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false)
	return e.Encode(value)
}
