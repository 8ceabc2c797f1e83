package config

import (
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"strings"
	"time"
)

// Update is how new versions of the agent come.
type Update struct {
	// Channel is "stable", "beta", or "off".
	Channel string `toml:"channel"`
	// RushHours are hours in which the agent does not switch: "11:00-14:30".
	RushHours []string `toml:"rush_hours"`
	// Root is the file of the keys whose releases are believed; empty is the one
	// the package brought.
	Root string `toml:"root"`
}

// Values of Update.Channel.
const (
	ChannelStable = "stable"
	ChannelBeta   = "beta"
	ChannelOff    = "off"
)

// Discovery is where tills may be looked for.
type Discovery struct {
	// Exclude are ports and addresses that never get a byte: "/dev/ttyUSB0",
	// "COM1", "/dev/ttyS*", "192.168.1.20".
	Exclude []string `toml:"exclude"`
	// Networks are places in which tills on TCP are looked for: "192.168.137.0/28",
	// "192.168.1.20:7778". None by default.
	Networks []string `toml:"networks"`
}

// Hours is a part of the day in the shop's own time, from begin until before
// end, both since midnight; it may go over midnight.
type Hours struct{ Begin, End time.Duration }

// Contains tells whether t is within.
func (h Hours) Contains(t time.Time) bool {
	now := time.Duration(t.Hour())*time.Hour + time.Duration(t.Minute())*time.Minute
	if h.Begin <= h.End {
		return h.Begin <= now && now < h.End
	}
	return now >= h.Begin || now < h.End
}

// ParseHours reads "11:00-14:30".
func ParseHours(text string) (Hours, error) {
	from, to, ok := strings.Cut(text, "-")
	begin, err1 := time.Parse("15:04", strings.TrimSpace(from))
	end, err2 := time.Parse("15:04", strings.TrimSpace(to))
	if !ok || err1 != nil || err2 != nil || begin.Equal(end) {
		return Hours{}, fmt.Errorf("%q: нужны часы вида \"11:00-14:30\"", text)
	}
	midnight := time.Date(begin.Year(), begin.Month(), begin.Day(), 0, 0, 0, 0, time.UTC)
	return Hours{begin.Sub(midnight), end.Sub(midnight)}, nil
}

func (u *Update) check() error {
	if !contains([]string{ChannelStable, ChannelBeta, ChannelOff}, u.Channel) {
		return fmt.Errorf("update.channel = %q: есть \"stable\", \"beta\" и \"off\"", u.Channel)
	}
	for _, h := range u.RushHours {
		if _, err := ParseHours(h); err != nil {
			return fmt.Errorf("update.rush_hours: %w", err)
		}
	}
	return nil
}

// widest bounds a network: more addresses than that are not a shop's tills.
const widest = 22

func (d *Discovery) check() error {
	for _, n := range d.Networks {
		if p, err := netip.ParsePrefix(n); err == nil {
			if !p.Addr().Is4() || p.Bits() < widest {
				return fmt.Errorf("discovery.networks: %q слишком велика: не шире /%d", n, widest)
			}
			continue
		}
		host, port, err := net.SplitHostPort(n)
		if err != nil {
			host, port = n, "7778"
		}
		if number, err := strconv.ParseUint(port, 10, 16); err != nil || number == 0 || host == "" || strings.ContainsAny(host, "/ ") {
			return fmt.Errorf("discovery.networks: %q: нужен вид \"192.168.137.0/28\" или \"192.168.1.20:7778\"", n)
		}
	}
	return nil
}

func checkMetrics(listen string) error {
	if listen == "" {
		return nil
	}
	host, _, err := net.SplitHostPort(listen)
	if ip, ipErr := netip.ParseAddr(host); err != nil || host != "localhost" && (ipErr != nil || !ip.IsLoopback()) {
		return fmt.Errorf("metrics = %q: нужен адрес этого компьютера, вид \"127.0.0.1:9177\"", listen)
	}
	return nil
}
