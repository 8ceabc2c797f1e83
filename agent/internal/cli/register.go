package cli

import (
	_ "embed" // the example travels inside the program
	"errors"
	"fmt"
	"os"
	"sort"

	"github.com/BurntSushi/toml"

	fiscalv1 "github.com/chekan-io/chekan/proto/gen/fiscal/v1"
	posv1 "github.com/chekan-io/chekan/proto/gen/pos/v1"
)

//go:embed registration.toml
var registrationExample string

// registerCommand registers a till. What goes into the fiscal memory cannot be
// taken out of it again, so it comes from a file that can be read twice and
// not from flags.
type registerCommand struct {
	File    string `help:"Файл с данными регистрации; образец: --example." type:"path" placeholder:"ФАЙЛ"`
	Change  bool   `help:"Изменить регистрацию (перерегистрация), а не зарегистрировать впервые."`
	Example bool   `help:"Показать образец файла и ничего не делать."`
	operationFlags
}

// registrationFile is the file, see registration.toml.
type registrationFile struct {
	INN        string   `toml:"inn"`
	RNM        string   `toml:"rnm"`
	Serial     string   `toml:"serial"`
	User       string   `toml:"user"`
	Address    string   `toml:"address"`
	Place      string   `toml:"place"`
	TaxSystems []uint32 `toml:"tax_systems"`
	FFD        string   `toml:"ffd"`
	OFDINN     string   `toml:"ofd_inn"`
	OFDName    string   `toml:"ofd_name"`
	Modes      []string `toml:"modes"`
	Automat    string   `toml:"automat"`
	Site       string   `toml:"site"`
	Sender     string   `toml:"sender"`
	Reasons    []uint32 `toml:"reasons"`
	NewFN      bool     `toml:"new_fn"`
}

func parseRegistration(text string) (*fiscalv1.Registration, error) {
	var f registrationFile
	meta, err := toml.Decode(text, &f)
	if err != nil {
		return nil, fmt.Errorf("файл не читается: %w", err)
	}
	if unknown := meta.Undecoded(); len(unknown) > 0 {
		sort.Slice(unknown, func(i, j int) bool { return unknown[i].String() < unknown[j].String() })
		return nil, fmt.Errorf("в файле неизвестное поле %q: сверьтесь с образцом (--example)", unknown[0].String())
	}
	m := &fiscalv1.Registration{
		Inn: f.INN, Rnm: f.RNM, Serial: f.Serial, User: f.User, Address: f.Address, Place: f.Place, Ffd: f.FFD, OfdInn: f.OFDINN, OfdName: f.OFDName,
		Modes: f.Modes, Automat: f.Automat, Site: f.Site, Sender: f.Sender, NewFn: f.NewFN,
	}
	for _, bit := range f.TaxSystems {
		m.TaxSystems |= bit
	}
	for _, n := range f.Reasons {
		if n > 31 {
			return nil, fmt.Errorf("причины перерегистрации %d нет: бывают от 0 до 31 (тег 1205)", n)
		}
		m.Reasons |= 1 << n
	}
	return m, nil
}

// Run implements the command.
func (c *registerCommand) Run(e *env) error {
	if c.Example {
		e.say("%s", registrationExample)
		return nil
	}
	if c.File == "" {
		return &exitError{ExitUsage, errors.New("нужен --file с данными регистрации; образец: --example")}
	}
	text, err := os.ReadFile(c.File)
	if err != nil {
		return &exitError{ExitUsage, fmt.Errorf("файл регистрации: %w", err)}
	}
	body, err := parseRegistration(string(text))
	if err != nil {
		return &exitError{ExitUsage, err}
	}
	kind := fiscalv1.Kind_KIND_REGISTER
	if c.Change {
		kind = fiscalv1.Kind_KIND_REREGISTER
	}
	return c.submit(e, &posv1.SubmitRequest{Kind: kind, Registration: body})
}

// closeArchiveCommand closes a fiscal memory, which nobody can undo.
type closeArchiveCommand struct {
	Yes bool `name:"yes-for-ever" help:"Да, закрыть навсегда: накопитель больше ничего не примет." required:""`
	operationFlags
}

// Run implements the command.
func (c *closeArchiveCommand) Run(e *env) error {
	return c.submit(e, &posv1.SubmitRequest{Kind: fiscalv1.Kind_KIND_CLOSE_ARCHIVE})
}

// tellRegistration prints what has to be typed into the tax service's cabinet.
func tellRegistration(e *env, op *fiscalv1.Operation) {
	d := op.GetDocument()
	kind := op.GetKind()
	if d == nil || kind != fiscalv1.Kind_KIND_REGISTER && kind != fiscalv1.Kind_KIND_REREGISTER && kind != fiscalv1.Kind_KIND_CLOSE_ARCHIVE {
		return
	}
	e.say("Введите в кабинете налоговой:")
	e.say("  номер фискального документа  %d", d.GetFd())
	e.say("  дата и время                 %s", d.GetAt())
	e.say("  фискальный признак           %010d", d.GetFp())
}
