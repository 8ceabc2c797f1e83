// Package config turns the agent's one small TOML file into a value.
//
// The file is read once, at the start. What it does not know is an error that
// names the key and its line: a misspelt key must not become a default, and a
// till that is silently absent from the list costs a shop its morning. Errors
// are Russian sentences, because the person who reads them has just edited the
// file and stands beside the till.
//
// The documented example is chekan-agent.toml beside this file; a test reads
// it, so it cannot rot.
//
// # What is not here
//
// Secrets. The key and certificate of the agent, and the token of the POS
// door, live in files of their own under the data folder, readable by their
// owner only.
package config

import (
	_ "embed" // the example travels inside the program
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"

	"github.com/chekan-io/chekan/drivers/wire"
	"github.com/chekan-io/chekan/protocol/escpos"
)

// Config is what the agent is told by the person who installs it.
type Config struct {
	// Data is the folder of the journal, the identity and the black boxes.
	Data string `toml:"data"`
	// Listen is host:port of the door for the shop's software.
	Listen string `toml:"listen"`
	// ListenRemote allows Listen to be an address other computers reach.
	ListenRemote bool `toml:"listen_remote"`
	// Origins are web pages that may use the door: https://pos.example.
	Origins []string `toml:"origins"`
	// RequirePreflight refuses a card sale that has no token of Preflight.
	RequirePreflight bool `toml:"require_preflight"`
	// Cloud is the address of the cabinet, used by "enroll".
	Cloud string `toml:"cloud"`
	// LogLevel is the least important line to be logged.
	LogLevel slog.Level `toml:"log_level"`
	// Metrics is host:port of the metrics for Prometheus; empty is none.
	Metrics string `toml:"metrics"`
	// Update says how new versions come.
	Update Update `toml:"update"`
	// Discovery says where tills may be looked for.
	Discovery Discovery `toml:"discovery"`
	// Tills are the tills of this computer.
	Tills []Till `toml:"till"`

	// Wished is what the cabinet's people want of the tills; it is in their values
	// already. Spoilt says why the newest of it does not hold; nil when it does.
	Wished Overlay `toml:"-"`
	Spoilt error   `toml:"-"`
}

// Till is one till of the list.
type Till struct {
	// Name is how people and programs call it; unique.
	Name string `toml:"name"`
	// Driver is a key of the table of drivers: "shtrih", "fnprint".
	Driver string `toml:"driver"`
	// Wire is the address of the cable, see package wire; with fnprint that of
	// the fiscal memory. "auto" leaves it to the agent to find the till.
	Wire string `toml:"wire"`
	// Serial is the till's factory number; empty takes the first till that
	// answers. Whichever it is, the till is bound to it from then on.
	Serial string `toml:"serial"`
	// Printer is the address of the printer's cable, of fnprint only; "none"
	// for a till registered for the internet.
	Printer string `toml:"printer"`
	// Profile is the printer's model, see package escpos; "" is the usual one.
	Profile string `toml:"profile"`
	// FinishPrint says what happens when paper is back after it ran out in a
	// receipt that is already fiscal: "auto" prints on, "ask" waits for a person.
	FinishPrint string `toml:"finish_print"`
	// Password is the system administrator's password in the till; 0 is the
	// factory's.
	Password uint32 `toml:"password"`
	// CashierPassword is sent with receipts; 0 is Password.
	CashierPassword uint32 `toml:"cashier_password"`
	// Link is the link layer: "auto", "standard" or "numbered".
	Link string `toml:"link"`
	// Marks puts a mark of ours into every receipt (FFD tag 1084), so that
	// equal sales can be told apart after a failure.
	Marks bool `toml:"marks"`
	// OFD says how documents get to the operator of fiscal data: "off" leaves it
	// to the till, "auto" sends them to the operator the till is registered with,
	// "host:port" to there. Empty is the driver's usual way.
	OFD string `toml:"ofd"`
	// Exclude leaves the till alone: it stays in the list and is not opened.
	Exclude bool `toml:"exclude"`
	// Title is how people call the till, as the cabinet says; empty is Name.
	Title string `toml:"-"`
}

// Delivery is OFD with the driver's usual way in place of nothing: a bare fiscal
// memory has nobody but us, another till has a link of its own.
func (t *Till) Delivery() string {
	switch {
	case t.OFD != "":
		return t.OFD
	case t.Driver == DriverFNPrint:
		return OFDAuto
	}
	return OFDOff
}

// checkOFD checks the address, if it is one.
func (t *Till) checkOFD() error {
	if t.OFD == "" || t.OFD == OFDAuto || t.OFD == OFDOff {
		return nil
	}
	host, port, err := net.SplitHostPort(t.OFD)
	if n, convErr := strconv.ParseUint(port, 10, 16); err != nil || convErr != nil || host == "" || n == 0 {
		return fmt.Errorf("ofd = %q: есть %s, %s или адрес вида узел:порт", t.OFD, OFDAuto, OFDOff)
	}
	return nil
}

// Values of Till.FinishPrint and Till.Link.
const (
	FinishPrintAuto = "auto"
	FinishPrintAsk  = "ask"

	LinkAuto     = "auto"
	LinkStandard = "standard"
	LinkNumbered = "numbered"
)

// Values of Till.OFD beside an address.
const (
	OFDAuto = "auto"
	OFDOff  = "off"
)

// WireAuto is the wire of a till that the agent finds by itself.
const WireAuto = "auto"

// NoPrinter is the printer of a till that prints nothing.
const NoPrinter = "none"

// DefaultListen is where the shop's software finds the door.
const DefaultListen = "127.0.0.1:8777"

// DriverShtrih is the driver used when a till does not name one; DriverFNPrint
// makes a till of a fiscal memory and a printer.
const (
	DriverShtrih  = "shtrih"
	DriverFNPrint = "fnprint"
)

// drivers are the keys a till may name.
var drivers = []string{DriverShtrih, DriverFNPrint}

// Default returns the configuration of an empty file.
func Default() Config {
	return Config{Data: DefaultData(), Listen: DefaultListen, LogLevel: slog.LevelInfo, Update: Update{Channel: ChannelStable}}
}

// DefaultPath is where the file is looked for when nobody says otherwise.
func DefaultPath() string { return filepath.Join(configDir(), "chekan-agent.toml") }

// DefaultData is the data folder of an empty file. Under systemd it is the
// folder the unit was given (StateDirectory=).
func DefaultData() string {
	if dir, _, _ := strings.Cut(os.Getenv("STATE_DIRECTORY"), ":"); dir != "" {
		return dir
	}
	return dataDir()
}

// Load reads and checks the file at path.
func Load(path string) (Config, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return Config{}, fmt.Errorf("не удалось прочитать файл настроек: %w", err)
	}
	c, err := Parse(string(text))
	if err != nil {
		return Config{}, fmt.Errorf("%s: %w", path, err)
	}
	if err := c.addAdopted(path); err != nil {
		return Config{}, err
	}
	c.addOverlay()
	return c, nil
}

// Parse reads and checks the text of a file.
func Parse(text string) (Config, error) {
	c := Default()
	if err := decode(text, &c); err != nil {
		return Config{}, err
	}
	c.fill()
	if err := c.check(); err != nil {
		return Config{}, err
	}
	return c, nil
}

// fill puts the usual in place of what is not said of a till.
func (c *Config) fill() {
	for i := range c.Tills {
		t := &c.Tills[i]
		orDefault(&t.Driver, DriverShtrih)
		orDefault(&t.FinishPrint, FinishPrintAuto)
		orDefault(&t.Link, LinkAuto)
	}
}

func orDefault(s *string, v string) {
	if *s == "" {
		*s = v
	}
}

func (c *Config) check() error {
	if c.Data == "" {
		return fmt.Errorf("ключ data пуст: укажите папку для данных агента, например %q", dataDir())
	}
	if err := checkListen(c.Listen, c.ListenRemote); err != nil {
		return err
	}
	if c.Cloud != "" {
		if err := CheckCloud(c.Cloud); err != nil {
			return err
		}
	}
	for _, o := range c.Origins {
		if u, err := url.Parse(o); err != nil || u.Scheme == "" || u.Host == "" || strings.TrimSuffix(u.Path, "/") != "" || u.RawQuery != "" {
			return fmt.Errorf("ключ origins: %q не похоже на адрес сайта; нужен вид \"https://kassa.example.ru\"", o)
		}
	}
	for _, err := range []error{checkMetrics(c.Metrics), c.Update.check(), c.Discovery.check()} {
		if err != nil {
			return err
		}
	}
	names := map[string]bool{}
	wires := map[string]string{}
	for i, t := range c.Tills {
		if err := t.check(); err != nil {
			if t.Name == "" {
				return fmt.Errorf("касса № %d в списке: %w", i+1, err)
			}
			return fmt.Errorf("касса %q: %w", t.Name, err)
		}
		if names[t.Name] {
			return fmt.Errorf("касса %q указана дважды: дайте каждой кассе своё имя", t.Name)
		}
		names[t.Name] = true
		if t.Exclude {
			continue
		}
		for _, address := range t.cables() {
			a, err := wire.ParseAddress(address)
			if err != nil {
				return fmt.Errorf("касса %q: %w", t.Name, err)
			}
			cable := a.Scheme + a.Port + a.Host
			if a.Scheme == "usb" {
				cable = a.String()
			}
			if other, taken := wires[cable]; taken && other == t.Name {
				return fmt.Errorf("касса %q: накопитель и принтер указаны на одном проводе %s", t.Name, address)
			} else if taken {
				return fmt.Errorf("кассы %q и %q указаны на одном проводе %s: на одном проводе может быть только одна касса", other, t.Name, address)
			}
			wires[cable] = t.Name
		}
	}
	return nil
}

// cables are the wires the till takes.
func (t *Till) cables() []string {
	var cables []string
	if t.Wire != WireAuto {
		cables = append(cables, t.Wire)
	}
	if t.Printer != "" && t.Printer != NoPrinter {
		cables = append(cables, t.Printer)
	}
	return cables
}

// tillName keeps names usable in file names, topics and command lines.
var tillName = regexp.MustCompile(`^[\p{L}\p{N}][\p{L}\p{N}._-]{0,63}$`)

// serialNumber is a factory number, or none: 20 characters at most (FFD, tag 1013).
var serialNumber = regexp.MustCompile(`^[\p{L}\p{N}-]{0,20}$`)

func (t *Till) check() error {
	if !tillName.MatchString(t.Name) {
		return fmt.Errorf("имя %q не подходит: нужно от 1 до 64 букв, цифр, точек, дефисов, без пробелов", t.Name)
	}
	if !contains(drivers, t.Driver) {
		return fmt.Errorf("неизвестный драйвер %q: есть %s", t.Driver, strings.Join(drivers, ", "))
	}
	if t.Wire == "" {
		return fmt.Errorf("не указан провод: wire = \"auto\", \"serial:///dev/ttyACM0?baud=115200\", \"serial:COM3?baud=115200\" или \"tcp://адрес:7778\"")
	}
	if !serialNumber.MatchString(t.Serial) {
		return fmt.Errorf("serial = %q: нужен заводской номер кассы, как на шильдике, до 20 букв и цифр", t.Serial)
	}
	if _, err := wire.ParseAddress(t.Wire); err != nil && t.Wire != WireAuto {
		return fmt.Errorf("провод указан неверно (%w); нужен вид \"serial:///dev/ttyACM0?baud=115200\", \"serial:COM3?baud=115200\" или \"tcp://адрес:7778\"", err)
	}
	if err := t.checkOFD(); err != nil {
		return err
	}
	if err := t.checkPrinter(); err != nil {
		return err
	}
	if !contains([]string{FinishPrintAuto, FinishPrintAsk}, t.FinishPrint) {
		return fmt.Errorf("finish_print = %q: можно \"auto\" (допечатывать самому) или \"ask\" (ждать человека)", t.FinishPrint)
	}
	if !contains([]string{LinkAuto, LinkStandard, LinkNumbered}, t.Link) {
		return fmt.Errorf("link = %q: можно \"auto\", \"standard\" или \"numbered\"", t.Link)
	}
	if t.Password > 99_999_999 || t.CashierPassword > 99_999_999 {
		return fmt.Errorf("пароль кассы: не больше восьми цифр")
	}
	return nil
}

// checkPrinter holds the keys of the printer to the driver that has one.
func (t *Till) checkPrinter() error {
	if t.Driver != DriverFNPrint {
		if t.Printer != "" || t.Profile != "" {
			return fmt.Errorf("ключи printer и profile бывают только у драйвера %q", DriverFNPrint)
		}
		return nil
	}
	const form = "\"serial:///dev/ttyUSB1?baud=115200\", \"tcp://адрес:9100\" или \"usb:04b8:0e15\""
	if t.Printer == "" {
		return fmt.Errorf("не указан провод принтера: printer = %s; у кассы только для интернета printer = \"none\"", form)
	}
	if _, err := wire.ParseAddress(t.Printer); err != nil && t.Printer != NoPrinter {
		return fmt.Errorf("провод принтера указан неверно (%w); нужен вид %s", err, form)
	}
	if _, ok := escpos.FindProfile(t.Profile); !ok {
		return fmt.Errorf("profile = %q: такой модели принтера нет, есть: %s", t.Profile, strings.Join(profiles(), ", "))
	}
	return nil
}

// profiles lists the names of printers.
func profiles() []string {
	names := make([]string, 0, len(escpos.Profiles))
	for _, p := range escpos.Profiles {
		names = append(names, p.Name)
	}
	return names
}

func checkListen(listen string, remote bool) error {
	host, _, err := net.SplitHostPort(listen)
	if err != nil {
		return fmt.Errorf("listen = %q: нужен вид \"127.0.0.1:8777\"", listen)
	}
	if host == "localhost" || remote {
		return nil
	}
	if ip, err := netip.ParseAddr(host); err == nil && ip.IsLoopback() {
		return nil
	}
	return fmt.Errorf("listen = %q: этот адрес виден другим компьютерам; оставьте 127.0.0.1 или добавьте listen_remote = true, если так и задумано", listen)
}

// CheckCloud tells whether addr can be the address of a cabinet. Without TLS
// only this very computer may be one: the code of enrolment is a secret.
func CheckCloud(addr string) error {
	u, err := url.Parse(addr)
	if err != nil || u.Host == "" || (u.Scheme != "https" && u.Scheme != "http") {
		return fmt.Errorf("адрес кабинета %q не подходит: нужен вид \"https://cabinet.example.ru\"", addr)
	}
	if u.Scheme == "http" && u.Hostname() != "localhost" {
		if ip, err := netip.ParseAddr(u.Hostname()); err != nil || !ip.IsLoopback() {
			return fmt.Errorf("адрес кабинета %q без шифрования: нужен https://", addr)
		}
	}
	return nil
}

func contains(list []string, s string) bool {
	for _, x := range list {
		if x == s {
			return true
		}
	}
	return false
}

// Example is the documented example of the file.
//
//go:embed chekan-agent.toml
var Example string

// View is the configuration as "config check --json" shows it: without the
// passwords of tills.
func (c Config) View() map[string]any {
	tills := []map[string]any{}
	for _, t := range c.Tills {
		tills = append(tills, map[string]any{
			"name": t.Name, "driver": t.Driver, "wire": t.Wire, "serial": t.Serial, "printer": t.Printer, "profile": t.Profile, "finish_print": t.FinishPrint, "link": t.Link, "marks": t.Marks, "ofd": t.Delivery(), "exclude": t.Exclude,
		})
	}
	return map[string]any{
		"data": c.Data, "listen": c.Listen, "listen_remote": c.ListenRemote, "origins": c.Origins, "cloud": c.Cloud,
		"log_level": c.LogLevel.String(), "metrics": c.Metrics, "till": tills,
		"update":    map[string]any{"channel": c.Update.Channel, "rush_hours": c.Update.RushHours, "root": c.Update.Root},
		"discovery": map[string]any{"exclude": c.Discovery.Exclude, "networks": c.Discovery.Networks},
	}
}
