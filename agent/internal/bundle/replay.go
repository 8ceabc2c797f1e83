package bundle

import (
	"archive/zip"
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	"github.com/chekan-io/chekan/agent/internal/blackbox"
	"github.com/chekan-io/chekan/agent/internal/till"
	"github.com/chekan-io/chekan/drivers/shtrih"
	"github.com/chekan-io/chekan/drivers/wire"
	journalv1 "github.com/chekan-io/chekan/proto/gen/journal/v1"
	protocol "github.com/chekan-io/chekan/protocol/shtrih"
)

// Bundle is a bundle that was read.
type Bundle struct {
	Manifest Manifest
	records  map[string]*journalv1.Record
	wires    map[string][]blackbox.Record
}

// ErrNewer says that a newer program made the bundle.
var ErrNewer = errors.New("the bundle was made by a newer version")

// Read reads a bundle.
func Read(path string) (*Bundle, error) {
	z, err := zip.OpenReader(path)
	if err != nil {
		return nil, fmt.Errorf("read bundle: %w", err)
	}
	defer z.Close()
	b := &Bundle{records: map[string]*journalv1.Record{}, wires: map[string][]blackbox.Record{}}
	if err := b.read(&z.Reader); err != nil {
		return nil, fmt.Errorf("read bundle: %w", err)
	}
	return b, nil
}

func (b *Bundle) read(z *zip.Reader) error {
	text, err := load(z, manifestFile)
	if err == nil {
		err = json.Unmarshal(text, &b.Manifest)
	}
	if err != nil {
		return fmt.Errorf("%s: %w", manifestFile, err)
	}
	if b.Manifest.Format > format {
		return ErrNewer
	}
	if text, err = load(z, operationsFile); err != nil {
		return fmt.Errorf("%s: %w", operationsFile, err)
	}
	lines := bufio.NewScanner(bytes.NewReader(text))
	lines.Buffer(nil, 1<<24)
	for lines.Scan() {
		rec := &journalv1.Record{}
		if err := protojson.Unmarshal(lines.Bytes(), rec); err != nil {
			return fmt.Errorf("%s: %w", operationsFile, err)
		}
		b.records[rec.GetOperation().GetKey()] = rec
	}
	for _, t := range b.Manifest.Tills {
		name := wireFolder + t.Name + wireSuffix
		if text, err = load(z, name); err != nil {
			continue // the manifest says why it is missing
		}
		if b.wires[t.Name], err = readTranscript(bytes.NewReader(text)); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	return lines.Err()
}

// maxPart bounds one part of a bundle that somebody sent.
const maxPart = 256 << 20

func load(z *zip.Reader, name string) ([]byte, error) {
	f, err := z.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, maxPart))
}

// Case is one operation of a bundle that can be done once more.
type Case struct {
	Till, Key, Kind string
	At              time.Time
	Took            time.Duration
	begin           event
	fresh           bool // the port had not been opened since the agent began
	till            Till
	before, wire    []blackbox.Record
	want            []string
}

// Cases finds the operations whose exchange is in the bundle whole, in their
// order. One that was taken up again after the agent began anew counts from
// there.
func (b *Bundle) Cases() []Case {
	var out []Case
	for _, t := range b.Manifest.Tills {
		records := b.wires[t.Name]
		var c *Case
		fresh := false
		finish := func(end int) {
			if c != nil && b.records[c.Key] != nil {
				c.wire = records[len(c.before):end]
				c.Took = c.wire[len(c.wire)-1].Mono - c.wire[0].Mono
				out = append(out, *c)
			}
			c = nil
		}
		for i, r := range records {
			fresh = starts(r) || fresh && string(r.Bytes) != wire.Opened
			e, ok := parseEvent(string(r.Bytes))
			if r.Dir != blackbox.Note || !ok && !starts(r) {
				continue
			}
			switch {
			case starts(r):
				c = nil
			case e.name == "resume", e.name == "begin" && e.values["busy"] != "true":
				c = &Case{
					Till: t.Name, Key: e.values["key"], Kind: e.values["kind"], At: r.At, begin: e, fresh: fresh, till: t, before: records[:i],
				}
			case c == nil:
			case e.name == "end" && e.values["key"] == c.Key:
				c.want = append(c.want, e.line)
				finish(i + 1)
			case e.name == "settle" && e.values["next"] == "person":
				c.want = append(c.want, e.line)
				finish(i + 1)
			case judged[e.name] && (e.values["key"] == "" || e.values["key"] == c.Key):
				c.want = append(c.want, e.line)
			}
		}
		finish(len(records))
	}
	return out
}

// starts tells the note that an agent leaves when it begins.
func starts(r blackbox.Record) bool {
	text := string(r.Bytes)
	return strings.HasPrefix(text, "agent ") && strings.Contains(text, " starts")
}

// judged are the events that a replay has to repeat.
var judged = map[string]bool{"answer": true, "error": true, "settle": true, "end": true, "device": true}

// Result is what became of a replay.
type Result struct {
	// Recorded and Replayed are what was said then and now: answers and errors
	// of the driver, verdicts, the end.
	Recorded, Replayed []string
	// Departed is where the program did something else than in the recording;
	// nil when it did not.
	Departed error
}

// Same tells whether the replay came to the same in every step.
func (r Result) Same() bool {
	if r.Departed != nil || len(r.Recorded) != len(r.Replayed) {
		return false
	}
	for i := range r.Recorded {
		if r.Recorded[i] != r.Replayed[i] {
			return false
		}
	}
	return true
}

// Verdict is the last word of a list; empty when there was none.
func Verdict(lines []string) string {
	for i := len(lines) - 1; i >= 0; i-- {
		if strings.HasPrefix(lines[i], "end ") || strings.HasPrefix(lines[i], "settle ") {
			return lines[i]
		}
	}
	return ""
}

// grace is how much longer than the recording a replay may take.
const grace = time.Minute

// Replay does a case once more. It takes as long as it took then.
func (b *Bundle) Replay(ctx context.Context, c Case) (Result, error) {
	rec := proto.CloneOf(b.records[c.Key])
	resumed := c.begin.name == "resume"
	if !resumed {
		rec.Begun, rec.Baseline = false, nil
	}
	ctx, cancel := context.WithTimeout(ctx, c.Took+grace)
	defer cancel()
	tape := newTape(c.wire)
	options := shtrih.Options{Link: map[string]shtrih.Link{"standard": shtrih.LinkStandard, "numbered": shtrih.LinkNumbered}[c.till.Link]}
	device := shtrih.New(tape.dial, options)
	defer device.Close()
	if !resumed && !c.fresh {
		if err := c.warm(ctx, tape, device, options); err != nil {
			return Result{}, fmt.Errorf("prepare the replay: %w", err)
		}
	}
	go func() {
		select {
		case <-tape.over:
			cancel()
		case <-ctx.Done():
		}
	}()
	result := Result{Recorded: c.want}
	tape.begin()
	till.Rerun(ctx, till.Config{
		Name: c.Till, Driver: c.till.Driver, AskToFinish: c.begin.values["auto"] != "true", Marks: c.begin.values["marks"] == "true", Device: device,
		Events: func(text string) {
			if e, ok := parseEvent(text); ok && judged[e.name] && ctx.Err() == nil {
				result.Replayed = append(result.Replayed, e.line)
			}
		},
	}, rec, till.Scene{Resumed: resumed, Identified: c.begin.values["identified"] == "true", CancelOwed: c.begin.values["owed"] == "true"})
	result.Departed = tape.departure()
	return result, nil
}

// warm brings the device to where it was when the recording begins.
func (c Case) warm(ctx context.Context, tape *tape, device *shtrih.Till, options shtrih.Options) error {
	facts := learnFacts(c.wire)
	for request, answer := range learnFacts(c.before) { // what was so before counts more
		facts[request] = answer
	}
	fresh := func() *warmer {
		return &warmer{link: protocol.LinkStandard, facts: facts, model: modelNamed(c.begin.values["model"])}
	}
	tape.warm = fresh()
	first, connected := c.first()
	if first == protocol.LinkAlternative {
		// Packets are numbered, and the recording says how: count what the
		// warming up takes, then begin so many earlier.
		rehearsal := newTape(nil)
		rehearsal.warm = fresh()
		rehearsal.warm.link = first
		options.Link = shtrih.LinkNumbered
		stand := shtrih.New(rehearsal.dial, options)
		err := warmUp(ctx, stand)
		_ = stand.Close()
		if err != nil {
			return err
		}
		tape.warm.link, tape.warm.last = first, c.number()-1-rehearsal.warm.packets
	}
	if err := warmUp(ctx, device); err != nil {
		return err
	}
	if !connected {
		return device.Reopen()
	}
	return nil
}

// first tells the link of the recording, and whether the port was open when
// it begins.
func (c Case) first() (link protocol.Link, connected bool) {
	connected, seen := true, false
	for _, r := range c.wire {
		if r.Dir == blackbox.Note {
			text := string(r.Bytes)
			if !seen && (text == wire.Opened || wire.Failure(text) != nil) {
				connected, seen = false, true
			}
			continue
		}
		if r.Dir == blackbox.Out && len(r.Bytes) > 0 {
			return protocol.DetectLink(r.Bytes[0]), connected
		}
		seen = true
	}
	return protocol.LinkStandard, connected
}

// number is that of the first packet of the recording.
func (c Case) number() uint16 {
	var reader protocol.PacketReader
	for _, r := range c.wire {
		if r.Dir != blackbox.Out {
			continue
		}
		for _, b := range r.Bytes {
			if reader.Feed(b) == protocol.PacketDone && !reader.Packet().Sync {
				return reader.Packet().Number
			}
		}
	}
	return 1
}
