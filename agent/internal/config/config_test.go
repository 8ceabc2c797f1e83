package config

import (
	"log/slog"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestParse_example(t *testing.T) {
	got, err := Parse(Example)
	if err != nil {
		t.Fatal(err)
	}
	want := Config{
		Data: "/var/lib/chekan-agent", Listen: "127.0.0.1:8777", Origins: []string{}, LogLevel: slog.LevelInfo,
		Update: Update{Channel: ChannelStable, RushHours: []string{}}, Discovery: Discovery{Exclude: []string{}, Networks: []string{}},
		Tills: []Till{
			{Name: "kassa-1", Driver: "shtrih", Wire: "serial:///dev/ttyACM0?baud=115200", FinishPrint: "auto", Password: 30, Link: "auto"},
			{Name: "kassa-2", Driver: "shtrih", Wire: "tcp://192.168.137.111:7778", FinishPrint: "ask", Link: "auto"},
			{Name: "kassa-3", Driver: "fnprint", Wire: "serial:///dev/ttyUSB0?baud=115200", Printer: "serial:///dev/ttyUSB1?baud=115200", Profile: "epson-80", FinishPrint: "auto", Link: "auto"},
		},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// Every key is in the example, commented out or not: it is the documentation.
func TestExample_namesEveryKey(t *testing.T) {
	for _, key := range slices.Concat(topKeys, tillKeys, updateKeys, discoveryKeys) {
		if !strings.Contains(Example, "\n"+key+" =") && !strings.Contains(Example, "\n# "+key+" =") && !strings.Contains(Example, "\n[["+key+"]]") && !strings.Contains(Example, "\n["+key+"]") {
			t.Errorf("the example does not show %s", key)
		}
	}
}

// The hints about misspelt keys are made from lists; the structs are the truth.
func TestKeys_matchStructs(t *testing.T) {
	for name, c := range map[string]struct {
		of   reflect.Type
		keys []string
	}{"config": {reflect.TypeFor[Config](), topKeys}, "till": {reflect.TypeFor[Till](), tillKeys}, "update": {reflect.TypeFor[Update](), updateKeys}, "discovery": {reflect.TypeFor[Discovery](), discoveryKeys}} {
		var want []string
		for i := range c.of.NumField() {
			if key := c.of.Field(i).Tag.Get("toml"); key != "-" { // not of the file
				want = append(want, key)
			}
		}
		slices.Sort(want)
		if diff := cmp.Diff(want, c.keys); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

func TestParse_empty(t *testing.T) {
	got, err := Parse("")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(Default(), got); diff != "" {
		t.Error(diff)
	}
}

func TestParse_refuses(t *testing.T) {
	const till = "[[till]]\nname = \"k\"\nwire = \"tcp://127.0.0.1\"\n"
	for _, c := range []struct{ name, text, want string }{
		{"a misspelt key at the top", "data = \"/d\"\nlisen = \"x\"\n", "строка 2: неизвестный ключ lisen; возможно, имелся в виду listen"},
		{"a strange key at the top", "colour = 1\n", "строка 1: неизвестный ключ colour; известны: cloud, data"},
		{"a misspelt key of a till", till + "finishprint = \"auto\"\n", "строка 4: неизвестный ключ till.finishprint; возможно, имелся в виду finish_print"},
		{"a misspelt key of the second till", till + "[[till]]\nname = \"m\"\nwire = \"tcp://127.0.0.2\"\npasword = 30\n", "строка 7: неизвестный ключ till.pasword"},
		{"an unknown table", "[mqtt]\nhost = \"x\"\n", "строка 1: неизвестный ключ mqtt"},
		{"a wrong type", "listen = 5\n", "listen"},
		{"broken text", "listen = \"a\n", "строка 1"},
		{"a level of no log", "log_level = \"loud\"\n", "log_level"},
		{"a printer without the driver for one", till + "printer = \"tcp://127.0.0.1:9100\"\n", "только у драйвера \"fnprint\""},
		{"no printer", till + "driver = \"fnprint\"\n", "не указан провод принтера"},
		{"a printer on no cable", till + "driver = \"fnprint\"\nprinter = \"lpt1\"\n", "провод принтера указан неверно"},
		{"a printer on the cable of the memory", till + "driver = \"fnprint\"\nprinter = \"tcp://127.0.0.1\"\n", "накопитель и принтер указаны на одном проводе"},
		{"a printer of no model", till + "driver = \"fnprint\"\nprinter = \"tcp://127.0.0.2:9100\"\nprofile = \"laser\"\n", "такой модели принтера нет"},
		{"no data folder", "data = \"\"\n", "data пуст"},
		{"a door to the street", "listen = \"0.0.0.0:8777\"\n", "виден другим компьютерам"},
		{"a door without a host", "listen = \":8777\"\n", "виден другим компьютерам"},
		{"a door without a port", "listen = \"127.0.0.1\"\n", "нужен вид"},
		{"a cabinet in clear text", "cloud = \"http://cabinet.example.ru\"\n", "без шифрования"},
		{"a cabinet without a scheme", "cloud = \"cabinet.example.ru\"\n", "не подходит"},
		{"an origin with a path", "origins = [\"https://a.ru/b\"]\n", "origins"},
		{"a till without a name", "[[till]]\nwire = \"tcp://127.0.0.1\"\n", "касса № 1 в списке: имя \"\" не подходит"},
		{"a till with spaces in its name", "[[till]]\nname = \"a b\"\nwire = \"tcp://127.0.0.1\"\n", "имя \"a b\" не подходит"},
		{"a till without a wire", "[[till]]\nname = \"k\"\n", "касса \"k\": не указан провод"},
		{"a till on a strange wire", "[[till]]\nname = \"k\"\nwire = \"com1\"\n", "провод указан неверно"},
		{"an unknown driver", till + "driver = \"atol\"\n", "неизвестный драйвер \"atol\""},
		{"an unknown way to finish", till + "finish_print = \"yes\"\n", "можно \"auto\""},
		{"an unknown link", till + "link = \"x\"\n", "link = \"x\""},
		{"a channel of no releases", "[update]\nchannel = \"nightly\"\n", "update.channel"},
		{"hours that are none", "[update]\nrush_hours = [\"11-14\"]\n", "вида \"11:00-14:30\""},
		{"a misspelt key of a section", "[update]\nrush_hour = []\n", "возможно, имелся в виду rush_hours"},
		{"a network too wide", "[discovery]\nnetworks = [\"10.0.0.0/8\"]\n", "слишком велика"},
		{"a network that is none", "[discovery]\nnetworks = [\"kassa/1\"]\n", "discovery.networks"},
		{"metrics for the street", "metrics = \"0.0.0.0:9177\"\n", "нужен адрес этого компьютера"},
		{"a password too long", till + "password = 123456789\n", "не больше восьми цифр"},
		{"a negative password", till + "password = -1\n", "password"},
		{"a name given twice", till + till, "касса \"k\" указана дважды"},
		{"a wire given twice", till + "[[till]]\nname = \"m\"\nwire = \"tcp://127.0.0.1:7778\"\n", "на одном проводе"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := Parse(c.text)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want an error with %q", err, c.want)
			}
		})
	}
}

func TestParse_allows(t *testing.T) {
	for name, text := range map[string]string{
		"a door to the street on purpose": "listen = \"0.0.0.0:8777\"\nlisten_remote = true\n",
		"a door on IPv6 loopback":         "listen = \"[::1]:8777\"\n",
		"a cabinet on this computer":      "cloud = \"http://127.0.0.1:8080\"\n",
		"two tills, one excluded, on one wire": "[[till]]\nname = \"k\"\nwire = \"serial:COM3\"\nexclude = true\n" +
			"[[till]]\nname = \"касса-2\"\nwire = \"serial:COM3\"\n",
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := Parse(text); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestLoad(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.toml")
	if _, err := Load(path); err == nil || !strings.Contains(err.Error(), "не удалось прочитать") {
		t.Errorf("absent file: %v", err)
	}
	if err := os.WriteFile(path, []byte("nope = 1\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Load(path); err == nil || !strings.HasPrefix(err.Error(), path+": ") {
		t.Errorf("the error does not name the file: %v", err)
	}
}

func TestDefaultData_systemd(t *testing.T) {
	t.Setenv("STATE_DIRECTORY", "/var/lib/x:/var/lib/y")
	if got := DefaultData(); got != "/var/lib/x" {
		t.Errorf("got %s", got)
	}
}

func TestDelivery(t *testing.T) {
	for _, c := range []struct {
		driver, ofd, want string
		fails             bool
	}{
		{driver: DriverShtrih, want: OFDOff},
		{driver: DriverFNPrint, want: OFDAuto},
		{driver: DriverFNPrint, ofd: OFDOff, want: OFDOff},
		{driver: DriverShtrih, ofd: OFDAuto, want: OFDAuto},
		{driver: DriverShtrih, ofd: "ofdp.platformaofd.ru:21101", want: "ofdp.platformaofd.ru:21101"},
		{driver: DriverShtrih, ofd: "ofdp.platformaofd.ru", fails: true},
		{driver: DriverShtrih, ofd: ":7777", fails: true},
		{driver: DriverShtrih, ofd: "host:0", fails: true},
	} {
		till := Till{Driver: c.driver, OFD: c.ofd}
		if err := till.checkOFD(); (err != nil) != c.fails {
			t.Errorf("%s, ofd = %q: %v", c.driver, c.ofd, err)
		}
		if got := till.Delivery(); !c.fails && got != c.want {
			t.Errorf("%s, ofd = %q delivers %q, want %q", c.driver, c.ofd, got, c.want)
		}
	}
}

func TestHours(t *testing.T) {
	for _, c := range []struct {
		hours, at string
		want      bool
	}{
		{"11:00-14:30", "10:59", false},
		{"11:00-14:30", "11:00", true},
		{"11:00-14:30", "14:29", true},
		{"11:00-14:30", "14:30", false},
		{"22:00-02:00", "23:10", true},
		{"22:00-02:00", "01:59", true},
		{"22:00-02:00", "02:00", false},
		{"22:00-02:00", "12:00", false},
	} {
		h, err := ParseHours(c.hours)
		if err != nil {
			t.Fatal(err)
		}
		at, err := time.Parse("15:04", c.at)
		if err != nil {
			t.Fatal(err)
		}
		if got := h.Contains(at); got != c.want {
			t.Errorf("%s within %s: got %v", c.at, c.hours, got)
		}
	}
}
