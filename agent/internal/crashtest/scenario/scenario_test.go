package scenario

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	fiscalv1 "github.com/chekan-io/chekan/proto/gen/fiscal/v1"
	"github.com/chekan-io/chekan/protocol/shtrih"
	sim "github.com/chekan-io/chekan/sim/shtrih"
)

const page = "../../../../docs/integration/README.md"

// trouble is how long things stay bad: longer than a client's call.
const (
	trouble     = 4 * time.Second
	callTimeout = 2 * time.Second
)

// scenarios are the published ones, in the order of the page.
var scenarios = []struct {
	title string // as on the page
	spoil func(s *shop)
}{
	{"Ответ кассы потерян", func(s *shop) { s.plan(sim.OnAnswer, sim.Fault{Action: sim.LoseAnswer}) }},
	{"Агент убит сразу после фискализации", func(s *shop) {
		s.plan(sim.OnCommit, sim.Fault{Action: sim.Hang, For: trouble / 2})
		s.whenSold(func() { s.killAndRestart(trouble / 2) })
	}},
	{"Питание кассы пропало до фискализации", func(s *shop) { s.plan(sim.Before, sim.Fault{Action: sim.PowerCut, For: trouble}) }},
	{"Питание кассы пропало после фискализации", func(s *shop) { s.plan(sim.OnCommit, sim.Fault{Action: sim.PowerCut, For: trouble}) }},
	{"Нет бумаги до чека", func(s *shop) {
		s.device.RemovePaper()
		s.after(trouble, func() { s.device.InsertPaper(0) })
	}},
	{"Бумага кончилась во время печати чека", func(s *shop) {
		s.plan(sim.OnPrint, sim.Fault{Action: sim.PaperOut, At: 2})
		s.whenSold(func() { s.after(trouble, func() { s.device.InsertPaper(0) }) })
	}},
	{"Открыта крышка", func(s *shop) {
		s.device.OpenCover()
		s.after(trouble, s.device.CloseCover)
	}},
	{"Касса зависла", func(s *shop) { s.plan(sim.Before, sim.Fault{Action: sim.Hang, For: 2 * trouble}) }},
	{"Кабель выдернут после команды", func(s *shop) {
		s.plan(sim.OnCommit, sim.Fault{Action: sim.Hang, For: time.Second})
		s.whenSold(func() {
			s.cable.Unplug()
			s.after(trouble, s.cable.Plug)
		})
	}},
	{"Ошибка фискального накопителя", func(s *shop) { s.plan(sim.Before, sim.Fault{Action: sim.Refuse, Code: 0x2F}) }},
	{"Касса занята дольше, чем ждёт ваша программа", func(s *shop) { s.plan(sim.Before, sim.Fault{Action: sim.Delay, For: 2 * trouble}) }},
	{"Смена длится больше 24 часов", func(s *shop) {
		s.device.Age(25 * time.Hour)
		s.after(trouble, func() {
			s.do(&fiscalv1.Operation{Key: "close", Kind: fiscalv1.Kind_KIND_CLOSE_SHIFT})
			s.do(&fiscalv1.Operation{Key: "open again", Kind: fiscalv1.Kind_KIND_OPEN_SHIFT})
		})
	}},
}

// plan lets the till fail once at the command that closes a receipt.
func (s *shop) plan(phase sim.Phase, f sim.Fault) {
	f.Command, f.Phase = shtrih.CodeCloseReceiptV2, phase
	s.device.Plan().Add(f)
}

// spoilt tells whether what was planned has happened.
func (s *shop) spoilt() bool {
	for _, f := range s.device.Plan().List() {
		if f.Fired == 0 {
			return false
		}
	}
	return true
}

func TestScenarios(t *testing.T) {
	client := filepath.Join(t.TempDir(), "client")
	if out, err := exec.CommandContext(t.Context(), "go", "build", "-o", client, "../../../../docs/integration/client").CombinedOutput(); err != nil {
		t.Fatalf("build the sample: %v\n%s", err, out)
	}
	var mu sync.Mutex
	sampleOK, naiveDoubled, naiveTold := 0, 0, 0
	// They mostly wait, so all go on at once: t.Parallel would let only as many as there are processors.
	var all sync.WaitGroup
	for _, c := range scenarios {
		all.Go(func() {
			t.Run("sample/"+c.title, func(t *testing.T) {
				s := open(t)
				c.spoil(s)
				said := s.sample(t, client)
				s.rest()
				fds := s.receipts()
				charged := strings.Count(said, "терминал: оплата картой прошла")
				if len(fds) != 1 || charged != 1 || !strings.Contains(said, fmt.Sprintf("пробит: ФД %d ", fds[0])) || !s.spoilt() {
					t.Errorf("receipts %v, card charged %d times, spoilt %t; the sample said:\n%s", fds, charged, s.spoilt(), said)
					return
				}
				mu.Lock()
				defer mu.Unlock()
				sampleOK++
			})
		})
		all.Go(func() {
			t.Run("naive/"+c.title, func(t *testing.T) {
				s := open(t)
				c.spoil(s)
				said := s.naive(t, false)
				s.rest()
				n := len(s.receipts())
				t.Logf("%s: receipts %d, heard %v", c.title, n, said)
				mu.Lock()
				defer mu.Unlock()
				if n > 1 {
					naiveDoubled++
					t.Errorf("the naive client sold %d times; it heard %v", n, said)
				}
				if n == 0 || !s.spoilt() {
					t.Errorf("receipts %d, spoilt %t: the scenario is not what it says; heard %v", n, s.spoilt(), said)
				}
				if strings.Contains(strings.Join(said, " "), "duplicate") {
					naiveTold++
				}
			})
		})
	}
	all.Wait()
	fmt.Printf("SCENARIOS n=%d sample_ok=%d naive_doubled=%d\n", len(scenarios), sampleOK, naiveDoubled)
	if naiveTold < 5 {
		t.Errorf("only %d scenarios needed the guard against doubles: they are milder than the page says", naiveTold)
	}
}

// Without the guard the naive client does double: the scenarios are no toys.
func TestScenarios_withoutGuard(t *testing.T) {
	s := open(t)
	scenarios[0].spoil(s)
	said := s.naive(t, true)
	s.rest()
	if n := len(s.receipts()); n < 2 {
		t.Errorf("insisting on every try it sold %d times; it heard %v", n, said)
	}
}

// sample runs the published program to its end and returns what it said.
func (s *shop) sample(t *testing.T, client string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(file, []byte(token+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := exec.CommandContext(t.Context(), client, "-door", s.server.URL, "-token-file", file, "-key", "sale-17",
		"-timeout", callTimeout.String(), "-patience", patience.String()).CombinedOutput()
	if err != nil {
		t.Errorf("the sample: %v", err)
	}
	return string(out)
}

// tries is how often the naive client asks before it calls for a person.
const tries = 15

// naive asks under a new key after whatever is not "done", and returns what it
// heard. Insisting, it goes past the guard.
func (s *shop) naive(t *testing.T, insist bool) (said []string) {
	t.Helper()
	client := &http.Client{Timeout: callTimeout, Transport: &http.Transport{DisableKeepAlives: true}}
	for n := range tries {
		body := fmt.Sprintf(`{"key":"try-%d","insist":%t,"kind":"KIND_SALE","receipt":{"items":[{"name":"Кофе","quantity":"1","price":15000,"vat":"none"}],"payments":{"electronic":15000}}}`, n, insist)
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.server.URL+"/pos.v1.PosService/Submit", bytes.NewReader([]byte(body)))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Content-Type", "application/json")
		req.Header.Set("Authorization", "Bearer "+token)
		heard := func() string {
			res, err := client.Do(req)
			if err != nil {
				return "no answer"
			}
			defer res.Body.Close()
			var a struct {
				Operation struct{ Outcome, Reason string }
			}
			if err := json.NewDecoder(res.Body).Decode(&a); err != nil || res.StatusCode != http.StatusOK {
				return res.Status
			}
			return strings.TrimSpace(strings.TrimPrefix(a.Operation.Outcome, "OUTCOME_") + " " + a.Operation.Reason)
		}()
		if said = append(said, heard); heard == "DONE" {
			break
		}
		<-time.After(time.Second)
	}
	return said
}

// TestPage keeps the page and the scenarios the same.
func TestPage(t *testing.T) {
	text, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	var titles, want []string
	for _, row := range regexp.MustCompile(`(?m)^\| \d+ \| ([^|]+) \|`).FindAllStringSubmatch(string(text), -1) {
		titles = append(titles, row[1])
	}
	for _, c := range scenarios {
		want = append(want, c.title)
	}
	if strings.Join(titles, "\n") != strings.Join(want, "\n") {
		t.Errorf("the page has\n%s\nthe test has\n%s", strings.Join(titles, "\n"), strings.Join(want, "\n"))
	}
}
