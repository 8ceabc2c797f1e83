package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/chekan-io/chekan/agent/internal/config"
	"github.com/chekan-io/chekan/agent/internal/crashtest"
	"github.com/chekan-io/chekan/agent/internal/till"
	"github.com/chekan-io/chekan/drivers"
	"github.com/chekan-io/chekan/drivers/wire"
)

type crashtestCommand struct {
	Run    crashtestRunCommand    `cmd:"" default:"withargs" help:"Обрывать обмен с тестовой кассой и проверить, что ни один чек не потерян и не задвоен."`
	Verify crashtestVerifyCommand `cmd:"" help:"Проверить подпись и вердикт отчёта."`
}

// crashtestRunCommand says which till, and how much of it.
type crashtestRunCommand struct {
	Wire            string `help:"Кабель: tcp://адрес:порт или serial:///dev/ttyACM0." required:"" placeholder:"АДРЕС"`
	Driver          string `help:"Драйвер кассы." default:"shtrih"`
	Printer         string `help:"Кабель принтера, для драйвера fnprint." placeholder:"АДРЕС"`
	Profile         string `help:"Модель принтера, для драйвера fnprint." placeholder:"МОДЕЛЬ"`
	Link            string `help:"Протокол связи: auto, standard или numbered." default:"auto"`
	Password        uint32 `help:"Пароль системного администратора кассы; 0 заводской." default:"0"`
	CashierPassword uint32 `help:"Пароль кассира; 0 тот же." default:"0"`
	Tax             uint32 `help:"Система налогообложения: 1, 2, 4, 8, 16, 32; 0 выбирает касса." default:"0"`
	Points          int    `help:"Сколько точек обрыва; 0 все, какие есть." default:"98"`
	Seed            uint64 `help:"Зерно: то же зерно на той же кассе даёт те же точки." default:"1"`
	Out             string `help:"Файл отчёта." default:"crashtest.json" type:"path" placeholder:"ФАЙЛ"`
	Data            string `help:"Папка данных агента, где лежит ключ подписи; по умолчанию из настроек." type:"path" placeholder:"ПАПКА"`
	Simulator       bool   `help:"Это симулятор на этом же компьютере: не спрашивать, отладочный ли накопитель."`
	Force           bool   `help:"Закрыть открытую смену, даже если в ней есть чеки."`
	Understood      bool   `name:"i-understand-this-is-a-test-till" help:"Согласие: касса тестовая, на ней можно бить чеки."`
}

// Run implements the command.
func (c *crashtestRunCommand) Run(e *env) error {
	if c.Points < 0 {
		return &exitError{ExitUsage, errors.New("--points: число точек не бывает отрицательным")}
	}
	if c.Simulator && !ownComputer(c.Wire) {
		return &exitError{ExitUsage, fmt.Errorf("--simulator годится только для симулятора на этом компьютере, а %s может быть настоящей кассой", c.Wire)}
	}
	if _, err := os.Stat(c.Out); !errors.Is(err, fs.ErrNotExist) {
		return &exitError{ExitUsage, fmt.Errorf("файл отчёта %s уже есть: укажите другой в --out", c.Out)}
	}
	data, err := c.data(e)
	if err != nil {
		return err
	}
	o := crashtest.Options{
		Driver: c.Driver, Points: c.Points, Seed: c.Seed, TaxSystem: c.Tax, Version: e.Version, Simulator: c.Simulator, Force: c.Force,
		Log: slog.New(slog.DiscardHandler), Told: func(p crashtest.Progress) { tellPoint(e, p) },
		Open: func(wrap func(wire.DialFunc) wire.DialFunc) (drivers.Till, error) {
			return till.OpenDevice(till.Wiring{
				Driver: c.Driver, Wire: c.Wire, Link: c.Link, Password: c.Password, CashierPassword: c.CashierPassword, Wrap: wrap,
				Printer: c.Printer, Profile: c.Profile, Memory: filepath.Join(data, "crashtest.memory"),
			})
		},
	}
	plan, err := crashtest.Look(e.ctx, o)
	if err != nil {
		return &exitError{ExitUsage, fmt.Errorf("проверять эту кассу нельзя, на ней ничего не сделано: %w", words(err))}
	}
	c.announce(e, plan)
	if !c.Understood {
		return &exitError{ExitUsage, errors.New("ничего не сделано: если касса тестовая, повторите с ключом --i-understand-this-is-a-test-till")}
	}
	key, err := crashtest.Key(data)
	if err != nil {
		return fmt.Errorf("ключ подписи: %w", err)
	}
	if o.Dir, err = os.MkdirTemp("", "chekan-crashtest-"); err != nil {
		return fmt.Errorf("папка журналов: %w", err)
	}
	// The first interrupt ends the test after the point in progress, the second
	// one the program.
	ctx, stop := signal.NotifyContext(e.ctx, os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop)
	result, err := crashtest.Run(ctx, o)
	if err != nil {
		return fmt.Errorf("проверка не началась: %w", errors.Join(words(err), os.RemoveAll(o.Dir)))
	}
	file, err := crashtest.Sign(result, key)
	if err == nil {
		err = os.WriteFile(c.Out, file, 0o644) //nolint:gosec // a certificate is made to be shown
	}
	if err == nil {
		err = crashtest.Keep(data, result, file)
	}
	if err != nil {
		return fmt.Errorf("записать отчёт: %w", err)
	}
	if result.Verdict.Passed {
		err = os.RemoveAll(o.Dir)
	} else {
		e.complain("Журналы неудачных точек оставлены в %s", o.Dir)
	}
	return errors.Join(err, c.conclude(e, result))
}

func (c *crashtestRunCommand) conclude(e *env, result crashtest.Certificate) error {
	if e.json {
		if err := e.printAnyJSON(result); err != nil {
			return err
		}
	} else {
		e.say("%sОтчёт с подписью: %s", result.Summary(), c.Out)
	}
	if !result.Verdict.Passed {
		return exit(ExitNotDone)
	}
	return nil
}

// data finds the folder of the agent's key. A till is tested before an agent
// is set up, too: then the folder is the usual one.
func (c *crashtestRunCommand) data(e *env) (string, error) {
	if c.Data != "" {
		return c.Data, nil
	}
	if _, err := os.Stat(e.configPath); errors.Is(err, fs.ErrNotExist) {
		return config.DefaultData(), nil
	}
	cfg, err := e.load()
	return cfg.Data, err
}

// pointTime is what one point takes about: with a real till most of it is
// waiting for answers that were dropped.
const pointTime = 6 * time.Second

// announce says what is going to be done before it is.
func (c *crashtestRunCommand) announce(e *env, p crashtest.Plan) {
	memory := "отладочный"
	if !p.Debug {
		memory = "НЕ отладочный, по ключу --simulator считается симулятором"
	}
	e.complain("Касса: %s %s, № %s, РНМ %s, ИНН %s", p.Till.Maker, p.Till.Model, p.Till.Serial, p.Till.RNM, p.Till.INN)
	e.complain("Накопитель: %s, %s", p.Till.FN, memory)
	count, long := "все, какие есть (обычно больше тысячи)", "несколько часов"
	if p.Points > 0 {
		count, long = fmt.Sprint(p.Points), fmt.Sprintf("на настоящей кассе около %d мин", 1+int((time.Duration(p.Points)*pointTime).Minutes()))
	}
	if p.Status.ShiftOpen {
		e.complain("Смена %d открыта: сначала она будет закрыта.", p.Status.Shift)
	}
	e.complain("Точек обрыва: %s, %s.", count, long)
	e.complain("Будут пробиты настоящие документы: смены, продажи и возвраты по 1.23, коррекции по 1.23, внесения и изъятия.")
	e.complain("Каждый напечатается; держите запас бумаги. Обмен будет обрываться нарочно. В конце смена будет закрыта.")
	e.complain("Агент и другие программы не должны в это время работать с этой кассой.")
}

// tellPoint shows the progress.
func tellPoint(e *env, p crashtest.Progress) {
	switch {
	case p.Ask != "":
		e.complain("%s", p.Ask)
	case p.Point.Bad():
		e.complain("%d/%d %s: НЕУДАЧА\n    %s", p.Done, p.Total, p.Point.Words(), strings.Join(p.Point.Story, "\n    "))
	default:
		e.complain("%d/%d %s: цело", p.Done, p.Total, p.Point.Words())
	}
}

// words adds the driver's hint to an error of the till.
func words(err error) error {
	var device *drivers.Error
	if errors.As(err, &device) && device.Hint != "" {
		return fmt.Errorf("%s (%w)", device.Hint, err)
	}
	return err
}

// ownComputer tells whether the address leads to a program of this computer: a
// loopback port or a pseudo-terminal.
func ownComputer(address string) bool {
	a, err := wire.ParseAddress(address)
	if err != nil {
		return false
	}
	if a.Scheme == "tcp" {
		host, _, err := net.SplitHostPort(a.Host)
		ip := net.ParseIP(host)
		return err == nil && (host == "localhost" || ip != nil && ip.IsLoopback())
	}
	path, err := filepath.EvalSymlinks(a.Port)
	return err == nil && strings.HasPrefix(path, "/dev/pts/")
}

type crashtestVerifyCommand struct {
	Report string `arg:"" help:"Файл отчёта." type:"existingfile" name:"отчёт"`
	Key    string `help:"Отпечаток ключа, которым отчёт должен быть подписан." placeholder:"ОТПЕЧАТОК"`
}

// Run implements the command.
func (c *crashtestVerifyCommand) Run(e *env) error {
	file, err := os.ReadFile(c.Report)
	if err != nil {
		return fmt.Errorf("прочитать отчёт: %w", err)
	}
	result, public, err := crashtest.Verify(file)
	if err != nil {
		return err
	}
	mark := crashtest.Fingerprint(public)
	if c.Key != "" && !strings.EqualFold(c.Key, mark) {
		return fmt.Errorf("отчёт подписан ключом %s, а не %s", mark, c.Key)
	}
	if e.json {
		if err := e.printAnyJSON(result); err != nil {
			return err
		}
	} else {
		e.say("%sПодпись верна, ключ %s.", result.Summary(), mark)
	}
	if !result.Verdict.Passed {
		return exit(ExitNotDone)
	}
	return nil
}
