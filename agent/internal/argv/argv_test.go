package argv

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

type shared struct {
	Key  string        `help:"Ключ." placeholder:"КЛЮЧ"`
	Wait time.Duration `help:"Ждать." default:"60s"`
}

type sell struct {
	Items []string `name:"item" help:"Позиция." required:"" sep:"none" placeholder:"НАЗВАНИЕ=ЦЕНА"`
	Tags  []string `help:"Метки."`
	Tax   uint32   `help:"Налог." default:"0"`
	Back  int64    `short:"b" help:"Возврат."`
	Quiet bool     `hidden:""`
	shared
}

type decide struct {
	Which string `arg:"" name:"ключ" help:"Который."`
	Other string `arg:"" optional:"" name:"ещё" help:"Ещё один."`
	FD    uint32 `name:"fd" xor:"verdict" required:"" help:"Документ."`
	No    bool   `name:"not-done" xor:"verdict" required:"" help:"Нет."`
}

type group struct {
	Run   sell   `cmd:"" default:"withargs" help:"Само."`
	XTwo  decide `cmd:"" help:"Второе."`
	Three sell   `cmd:"" hidden:"" help:"Тайное."`
}

type all struct {
	Config     string `help:"Файл." default:"${config}" env:"ARGV_TEST_CONFIG" placeholder:"ФАЙЛ"`
	JSON       bool   `name:"json" help:"Для программ."`
	SellNow    sell   `cmd:"" help:"Продать." group:"Касса:"`
	Decide     decide `cmd:"" help:"Решить." group:"Касса:"`
	Group      group  `cmd:"" help:"Вместе." group:"Служба:"`
	CashierINN struct {
		File string `arg:"" type:"existingfile" name:"файл"`
	} `cmd:"" help:"Файл."`
}

func read(t *testing.T, line ...string) (all, *Chosen, error) {
	t.Helper()
	var a all
	p, err := New(&a, Options{Name: "прог", About: "Программа.", Version: "1.2.3", Vars: map[string]string{"config": "/etc/x"}})
	if err != nil {
		t.Fatal(err)
	}
	c, err := p.Parse(line)
	return a, c, err
}

func TestParse(t *testing.T) {
	minute := shared{Wait: time.Minute}
	for line, want := range map[string]all{
		"sell-now --item Кофе=1,50 --item=Чай=2": {SellNow: sell{Items: []string{"Кофе=1,50", "Чай=2"}, shared: minute}},
		"sell-now --item a --tags=x,y --json --tax 4 -b -5 --wait 2s --key k": {
			JSON: true, SellNow: sell{Items: []string{"a"}, Tags: []string{"x", "y"}, Tax: 4, Back: -5, shared: shared{"k", 2 * time.Second}},
		},
		"--json=false sell-now --item a --quiet": {SellNow: sell{Items: []string{"a"}, Quiet: true, shared: minute}},
		"decide k --fd 7":                        {Decide: decide{Which: "k", FD: 7}},
		"decide --not-done -- -k --fd":           {Decide: decide{Which: "-k", Other: "--fd", No: true}},
		"group --item a":                         {Group: group{Run: sell{Items: []string{"a"}, shared: minute}}},
		"group run --item a":                     {Group: group{Run: sell{Items: []string{"a"}, shared: minute}}},
		"group x-two k --fd=1":                   {Group: group{XTwo: decide{Which: "k", FD: 1}}},
	} {
		got, c, err := read(t, strings.Fields(line)...)
		want.Config = "/etc/x"
		// Presets of commands that were passed on the way do no harm.
		if strings.HasPrefix(line, "group x-two") {
			got.Group.Run = sell{}
		}
		if err != nil || c.Command == nil {
			t.Errorf("%s: %v", line, err)
		} else if diff := cmp.Diff(want, got, cmp.AllowUnexported(sell{})); diff != "" {
			t.Errorf("%s (-want +got):\n%s", line, diff)
		}
	}
	t.Setenv("ARGV_TEST_CONFIG", "/from/outside")
	if a, _, err := read(t, "decide", "k", "--fd=1"); err != nil || a.Config != "/from/outside" {
		t.Errorf("got %q, %v", a.Config, err)
	}
	if a, _, err := read(t, "--config", "/typed", "decide", "k", "--fd=1"); err != nil || a.Config != "/typed" {
		t.Errorf("got %q, %v", a.Config, err)
	}
	if a, c, err := read(t, "cashier-inn", "argv_test.go"); err != nil || c.Name != "cashier-inn" || !strings.HasPrefix(a.CashierINN.File, "/") {
		t.Errorf("got %v, %v", a.CashierINN, err)
	}
}

func TestParse_refuses(t *testing.T) {
	for line, want := range map[string]string{
		"":                                   `нужно одно из: "sell-now", "decide", "group", "cashier-inn"`,
		"decid":                              `лишнее слово decid, может быть, "decide"`,
		"decide a b c":                       `лишнее слово c`,
		"decide --fd=1":                      `нужно: <ключ>`,
		"decide k":                           `не указано: --fd или --not-done`,
		"decide k --fd 1 --not-done":         `вместе не бывает: --fd и --not-done`,
		"sell-now":                           `не указано: --item`,
		"sell-now --item a --tak 1":          `неизвестный ключ --tak, может быть, "--tags", "--tax", "--back"`,
		"sell-now --item a --tax":            `нет значения: --tax=0`,
		"sell-now --item a --tax=ten":        `--tax=0: нужно целое число, пришло "ten"`,
		"sell-now --item a --tax=-1":         `--tax=0: нужно целое число, пришло "-1"`,
		"sell-now --item a --tax 4294967296": `--tax=0: нужно целое число, пришло "4294967296"`,
		"sell-now --item a --wait soon":      `--wait=60s: нужно время вида 30s, 5m или 2h, пришло "soon"`,
		"sell-now --item a --json=perhaps":   `--json: нужно true или false, пришло "perhaps"`,
		"-x":                                 `неизвестный ключ -x`,
	} {
		if _, c, err := read(t, strings.Fields(line)...); err == nil || err.Error() != want {
			t.Errorf("%q: got %v %+v, want %s", line, err, c, want)
		}
	}
	if _, _, err := read(t, "cashier-inn", "/no/such"); err == nil || !strings.Contains(err.Error(), "нет такого файла: /no/such") {
		t.Errorf("got %v", err)
	}
}

func TestParse_text(t *testing.T) {
	if _, c, err := read(t, "sell-now", "--version"); err != nil || c.Text != "1.2.3\n" {
		t.Errorf("got %+v, %v", c, err)
	}
	_, c, err := read(t, "--help")
	if err != nil {
		t.Fatal(err)
	}
	want := `Применение: прог <команда> [ключи]

Программа.

Ключи:
  -h, --help           Эта подсказка.
      --config=ФАЙЛ    Файл ($ARGV_TEST_CONFIG).
      --json           Для программ.
      --version        Показать версию.

Касса:
  sell-now    Продать.
  decide      Решить.

Служба:
  group run      Само.
  group x-two    Второе.

Команды:
  cashier-inn    Файл.

Подробнее о команде: прог <команда> --help
`
	if diff := cmp.Diff(want, c.Text); diff != "" {
		t.Errorf("help (-want +got):\n%s", diff)
	}
	_, c, err = read(t, "decide", "-h")
	if err != nil {
		t.Fatal(err)
	}
	want = `Применение: прог decide <ключ> [<ещё>] [ключи]

Решить.

Что указать:
  <ключ>     Который.
  [<ещё>]    Ещё один.

Ключи:
  -h, --help           Эта подсказка.
      --config=ФАЙЛ    Файл ($ARGV_TEST_CONFIG).
      --json           Для программ.
      --version        Показать версию.

      --fd=FD          Документ.
      --not-done       Нет.
`
	if diff := cmp.Diff(want, c.Text); diff != "" {
		t.Errorf("help (-want +got):\n%s", diff)
	}
}

func TestNew_refuses(t *testing.T) {
	for name, commands := range map[string]any{
		"an unknown tag": &struct {
			A string `colour:"x"`
		}{},
		"a type": &struct {
			A float64 `help:"x"`
		}{},
		"a command's tag": &struct {
			B struct{} `cmd:"" placeholder:"x"`
		}{},
	} {
		if _, err := New(commands, Options{}); err == nil {
			t.Errorf("%s was taken", name)
		}
	}
}
