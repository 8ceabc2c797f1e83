package cli

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"google.golang.org/protobuf/encoding/protojson"

	"github.com/chekan-io/chekan/agent/internal/config"
	posv1 "github.com/chekan-io/chekan/proto/gen/pos/v1"
)

// findTimeout is longer than the agent looks.
const findTimeout = 5 * time.Minute

type tillFindCommand struct{}

// Run implements the command.
func (*tillFindCommand) Run(e *env) error {
	door, err := e.connect()
	if err != nil {
		return err
	}
	f, err := find(e, door)
	if err != nil {
		return err
	}
	if e.json {
		return f.printJSON(e)
	}
	f.print(e)
	return nil
}

// finds is what a search brought.
type finds struct {
	tills   []*posv1.FoundTill // new ones first, by wire; then those the agent has
	skipped []string
}

// find has the agent search, and tells how it goes.
func find(e *env, door *door) (finds, error) {
	var f finds
	ctx, cancel := e.timeout(findTimeout)
	defer cancel()
	stream, err := door.technician.FindTills(ctx, &posv1.FindTillsRequest{})
	if err != nil {
		return f, door.asError(err)
	}
	defer stream.Close()
	for stream.Receive() {
		m := stream.Msg()
		switch {
		case m.GetFound() != nil:
			f.tills = append(f.tills, m.GetFound())
		case m.GetSkipped() != "":
			f.skipped = append(f.skipped, m.GetSkipped())
		case !e.json && m.GetStep() != "":
			e.complain("[%d из %d] %s", m.GetTried()+1, max(m.GetPlaces(), m.GetTried()+1), m.GetStep())
		}
	}
	if err := stream.Err(); err != nil {
		return f, door.asError(err)
	}
	slices.SortFunc(f.tills, func(a, b *posv1.FoundTill) int {
		return strings.Compare(orderOf(a), orderOf(b))
	})
	slices.Sort(f.skipped)
	return f, nil
}

func orderOf(t *posv1.FoundTill) string {
	rank := "0"
	switch {
	case t.GetTill() != "":
		rank = "2"
	case t.GetWire() == "":
		rank = "1"
	}
	return rank + t.GetTill() + " " + t.GetWire() + " " + t.GetPrinter()
}

// fresh are the tills that the agent does not have yet.
func (f finds) fresh() []*posv1.FoundTill {
	var out []*posv1.FoundTill
	for _, t := range f.tills {
		if t.GetTill() == "" && t.GetWire() != "" {
			out = append(out, t)
		}
	}
	return out
}

func (f finds) printJSON(e *env) error {
	out := struct {
		Found   []json.RawMessage `json:"found"`
		Skipped []string          `json:"skipped"`
	}{[]json.RawMessage{}, f.skipped}
	for _, t := range f.tills {
		b, err := protojson.MarshalOptions{UseProtoNames: true}.Marshal(t)
		if err != nil {
			return fmt.Errorf("write JSON: %w", err)
		}
		out.Found = append(out.Found, b)
	}
	return e.printAnyJSON(out)
}

func (f finds) print(e *env) {
	if len(f.tills) == 0 {
		e.say("Касс не найдено.")
	} else {
		w := tabwriter.NewWriter(e.Out, 0, 0, 2, ' ', 0)
		_, _ = fmt.Fprintln(w, "№\tМОДЕЛЬ\tЗАВ. №\tФН\tПРОВОД\tКАССА")
		n := 0
		for _, t := range f.tills {
			number, model, wire, have := "", t.GetModel(), t.GetWire(), t.GetTill()
			switch {
			case have == "" && wire != "":
				n++
				number, have = strconv.Itoa(n), "новая"
			case have == "":
				model, have = strings.TrimSpace("принтер "+model), "к накопителю"
			}
			if t.GetSerial() == "" && have == "новая" && t.GetFn() == "" {
				have = "новая, пароль не заводской"
			}
			if p := t.GetPrinter(); p != "" {
				wire = strings.TrimPrefix(wire+", принтер "+p, ", ")
			}
			_, _ = fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\n", number, model, t.GetSerial(), t.GetFn(), wire, have)
		}
		_ = w.Flush()
	}
	for _, s := range f.skipped {
		e.say("Пропущено: %s.", s)
	}
	if len(f.fresh()) > 0 {
		e.say("Принять кассу: chekan-agent till adopt №")
	}
}

type tillAdoptCommand struct {
	Which   string `arg:"" optional:"" help:"Номер из till find, провод или заводской номер; можно не указывать, если новая касса одна." name:"касса"`
	Name    string `help:"Имя кассы у агента; по умолчанию kassa-1, kassa-2…" placeholder:"ИМЯ"`
	Printer string `help:"Провод принтера, если касса состоит из накопителя и принтера; none — только для интернета." placeholder:"ПРОВОД"`
}

// Run implements the command. It searches anew: what a number meant before may
// have been unplugged.
func (c *tillAdoptCommand) Run(e *env) error {
	door, err := e.connect()
	if err != nil {
		return err
	}
	f, err := find(e, door)
	if err != nil {
		return err
	}
	t, err := c.choose(f)
	if err != nil {
		if !e.json {
			f.print(e)
		}
		return err
	}
	if c.Printer != "" {
		t.Printer = c.Printer
	}
	ctx, cancel := e.timeout(answerTimeout)
	defer cancel()
	answer, err := door.technician.AdoptTill(ctx, &posv1.AdoptTillRequest{Found: t, Name: c.Name})
	if err != nil {
		return door.asError(err)
	}
	if e.json {
		return e.printJSON(answer)
	}
	e.say("Касса принята: %s, %s, зав. № %s, %s. Агент перезапускается и через несколько секунд работает с ней.", answer.GetTill(), t.GetModel(), t.GetSerial(), t.GetWire())
	e.complain("Она записана в файл %s папки данных. Посмотреть: chekan-agent till list", config.AdoptedFile)
	return nil
}

// choose finds the till meant.
func (c *tillAdoptCommand) choose(f finds) (*posv1.FoundTill, error) {
	fresh := f.fresh()
	switch {
	case len(fresh) == 0:
		return nil, fmt.Errorf("новых касс нет, принимать нечего")
	case c.Which == "" && len(fresh) == 1:
		return fresh[0], nil
	case c.Which == "":
		return nil, &exitError{ExitUsage, fmt.Errorf("новых касс несколько: укажите номер, chekan-agent till adopt 1")}
	}
	for _, t := range fresh {
		if t.GetWire() == c.Which || strings.TrimLeft(t.GetSerial(), "0") == strings.TrimLeft(c.Which, "0") && t.GetSerial() != "" {
			return t, nil
		}
	}
	if n, err := strconv.Atoi(c.Which); err == nil && n >= 1 && n <= len(fresh) {
		return fresh[n-1], nil
	}
	return nil, fmt.Errorf("%q среди новых касс нет", c.Which)
}

type tillAcceptCommand struct {
	Name string `arg:"" optional:"" help:"Имя кассы; можно не указывать, если касса одна." name:"касса"`
}

// Run implements the command.
func (c *tillAcceptCommand) Run(e *env) error {
	door, err := e.connect()
	if err != nil {
		return err
	}
	ctx, cancel := e.timeout(answerTimeout)
	defer cancel()
	answer, err := door.technician.AcceptTill(ctx, &posv1.AcceptTillRequest{Till: c.Name})
	if err != nil {
		return door.asError(err)
	}
	if e.json {
		return e.printJSON(answer)
	}
	e.say("%s", answer.GetText())
	return nil
}
