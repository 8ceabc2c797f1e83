package network

import (
	"context"
	"net"
	"net/http"
	"net/url"
	"time"

	"github.com/chekan-io/chekan/agent/internal/config"
	"github.com/chekan-io/chekan/agent/internal/ofdlink"
	"github.com/chekan-io/chekan/agent/internal/uplink"
	fiscalv1 "github.com/chekan-io/chekan/proto/gen/fiscal/v1"
)

// Codes of targets.
const (
	Cabinet = "cabinet"
	Agents  = "agents"
	Broker  = "broker"
	OFD     = "ofd"
)

// Of lists whom this agent has to reach: the cabinet of its identity, or of the
// configuration before it has one, and the operators that documents of its
// tills are carried to. id may be nil, and so may states.
func Of(cfg config.Config, id *uplink.Identity, states []*fiscalv1.TillState, directory ofdlink.Options) []Target {
	var out []Target
	add := func(t Target, address string) {
		u, err := url.Parse(address)
		if err != nil || u.Hostname() == "" {
			return
		}
		t.Host, t.Port = u.Hostname(), u.Port()
		if t.Port == "" {
			t.Port = map[string]string{"http": "80", "tcp": "1883", "ssl": "8883", "tls": "8883", "mqtts": "8883"}[u.Scheme]
		}
		if t.Port == "" {
			t.Port = "443"
		}
		t.TLS = u.Scheme != "http" && u.Scheme != "tcp"
		if t.Code != Broker { // MQTT goes straight, see package wake
			t.Proxy, _ = http.ProxyFromEnvironment(&http.Request{URL: u})
		}
		out = append(out, t)
	}
	if id != nil {
		add(Target{Code: Cabinet, Title: "Кабинет", System: true, HTTP: true, Own: id.Authority()}, id.Cloud)
		add(Target{Code: Agents, Title: "Вход агентов в кабинет", HTTP: true, Own: id.Authority()}, id.UplinkURL)
		add(Target{Code: Broker, Title: "Брокер команд", Own: id.Authority()}, id.BrokerURL)
	} else if cfg.Cloud != "" {
		add(Target{Code: Cabinet, Title: "Кабинет", System: true, HTTP: true}, cfg.Cloud)
	}
	return append(out, operators(cfg, states, directory)...)
}

// operators are those of the tills that leave the carrying to us; of the others
// only the till itself knows where it sends.
func operators(cfg config.Config, states []*fiscalv1.TillState, o ofdlink.Options) []Target {
	var out []Target
	seen := map[string]bool{}
	for _, t := range cfg.Tills {
		setting := t.Delivery()
		if t.Exclude || setting == config.OFDOff {
			continue
		}
		address, fn, name := setting, "", ""
		for _, s := range states {
			if s.GetTill() == t.Name {
				fn, name = s.GetFn(), s.GetDelivery().GetOperator()
				if setting == config.OFDAuto {
					address = s.GetDelivery().GetAddress()
				}
			}
		}
		address = o.Directory.Redirected(address)
		host, port, err := net.SplitHostPort(address)
		if err != nil || seen[address] {
			continue // not known yet, or asked already
		}
		seen[address] = true
		title := "ОФД"
		if name != "" {
			title += " " + name
		}
		out = append(out, Target{Code: OFD, Title: title, Host: host, Port: port, Ask: func(ctx context.Context) (string, string, bool) {
			r := ofdlink.Probe(ctx, o, address, fn)
			if r.Failure != nil {
				return r.Text(), r.Failure.Todo(), false
			}
			return r.Text(), "", true
		}})
	}
	return out
}

// Operator is one operator of fiscal data at an address, whoever carries documents
// to it. It is asked in the name of a till that is there, and taught nothing.
func Operator(address string, states []*fiscalv1.TillState, o ofdlink.Options) []Target {
	address = o.Directory.Redirected(address)
	host, port, err := net.SplitHostPort(address)
	if err != nil || host == "" {
		return nil
	}
	fn := ""
	for _, s := range states {
		if fn = s.GetFn(); fn != "" {
			break
		}
	}
	return []Target{{Code: OFD, Title: "ОФД", Host: host, Port: port, Ask: func(ctx context.Context) (string, string, bool) {
		r := ofdlink.Probe(ctx, o, address, fn)
		if r.Failure != nil {
			return r.Text(), r.Failure.Todo(), false
		}
		return r.Text(), "", true
	}}}
}

// Born is Options.Born of an agent; id may be nil.
func Born(id *uplink.Identity) time.Time {
	if id == nil {
		return time.Time{}
	}
	return id.Born()
}
