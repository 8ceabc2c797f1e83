package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/chekan-io/chekan/cloud/internal/access"
	"github.com/chekan-io/chekan/cloud/internal/api"
	"github.com/chekan-io/chekan/cloud/internal/audit"
	"github.com/chekan-io/chekan/cloud/internal/config"
	"github.com/chekan-io/chekan/cloud/internal/connect"
	"github.com/chekan-io/chekan/cloud/internal/documents"
	"github.com/chekan-io/chekan/cloud/internal/fleet"
	"github.com/chekan-io/chekan/cloud/internal/metrics"
	"github.com/chekan-io/chekan/cloud/internal/notify"
	"github.com/chekan-io/chekan/cloud/internal/people"
	"github.com/chekan-io/chekan/cloud/internal/post"
	"github.com/chekan-io/chekan/cloud/internal/remote"
	"github.com/chekan-io/chekan/cloud/internal/site"
	"github.com/chekan-io/chekan/cloud/internal/store"
	"github.com/chekan-io/chekan/cloud/internal/tree"
	"github.com/chekan-io/chekan/cloud/internal/updates"
	"github.com/chekan-io/chekan/cloud/internal/wake"
)

const (
	// stopLimit is how long calls may take to end when the cabinet stops.
	stopLimit = 5 * time.Second
	// pollEvery is how often agents ask for commands when the broker is away.
	pollEvery = 20 * time.Second
	// agentLookup bounds the broker's question whether an agent may come in.
	agentLookup = 5 * time.Second
	// pinLength is how much of the authority's fingerprint goes with a code: 80 bits.
	pinLength = 20
)

func pin(a *access.Authority) string { return a.Fingerprint()[:pinLength] }

// addresses are where a running cabinet listens, as people and agents reach it.
type addresses struct {
	Cabinet string `json:"cabinet"`
	Agents  string `json:"agents"`
	Broker  string `json:"broker"`
}

func addressesFile(data string) string { return filepath.Join(data, "addresses.json") }

func readAddresses(data string) (addresses, error) {
	var a addresses
	text, err := os.ReadFile(addressesFile(data))
	if err != nil {
		return a, err
	}
	return a, json.Unmarshal(text, &a)
}

// write leaves the addresses where scripts look for them, whole or not at all.
func (a *addresses) write(data string) error {
	text, err := json.Marshal(a)
	if err != nil {
		return err
	}
	temporary := addressesFile(data) + ".new"
	if err := os.WriteFile(temporary, append(text, '\n'), 0o644); err != nil {
		return fmt.Errorf("write addresses: %w", err)
	}
	if err := os.Rename(temporary, addressesFile(data)); err != nil {
		return fmt.Errorf("write addresses: %w", err)
	}
	return nil
}

// cabinet is a running cabinet.
type cabinet struct {
	addresses addresses

	config    config.Config
	log       *slog.Logger
	store     *store.Store
	authority *access.Authority
	access    *access.Access
	fleet     *fleet.Fleet
	documents *documents.Documents
	updates   *updates.Updates
	remote    *remote.Remote
	post      *post.Post
	broker    *wake.Broker
	line      *wake.Line

	people, agents *http.Server
	doors          [2]net.Listener
	metrics        *metrics.Metrics
	metricsDoor    net.Listener // nil: nowhere
	stopping       chan struct{}
	cancel         context.CancelFunc
	group          *errgroup.Group
}

// start brings a cabinet up; it runs until ctx ends or stop is called. show is told the first administrator's password.
func start(ctx context.Context, cfg config.Config, log *slog.Logger, show func(login, password string) error) (_ *cabinet, err error) {
	c := &cabinet{config: cfg, log: log, stopping: make(chan struct{})}
	defer func() {
		if err != nil {
			c.release()
		}
	}()
	if err := os.MkdirAll(cfg.Data, 0o700); err != nil {
		return nil, fmt.Errorf("make data folder: %w", err)
	}
	if err := os.Remove(addressesFile(cfg.Data)); err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("remove old addresses: %w", err)
	}
	if c.post, err = post.New(cfg); err != nil {
		return nil, err
	}
	if c.store, err = store.Open(ctx, cfg.DatabaseAddress()); err != nil {
		return nil, err
	}
	if c.authority, err = access.OpenAuthority(filepath.Join(cfg.Data, "authority"), time.Now); err != nil {
		return nil, err
	}
	if c.access, err = access.New(c.store, c.authority, log, time.Now); err != nil {
		return nil, err
	}
	if err := c.access.FirstStart(ctx, cfg.Organisation, show); err != nil {
		return nil, fmt.Errorf("first start: %w", err)
	}
	var listen net.ListenConfig
	if c.doors[0], err = listen.Listen(ctx, "tcp", cfg.Listen); err != nil {
		return nil, fmt.Errorf("open the cabinet's door: %w", err)
	}
	if c.doors[1], err = listen.Listen(ctx, "tcp", cfg.Agents); err != nil {
		return nil, fmt.Errorf("open the agents' door: %w", err)
	}
	if cfg.Metrics != "" {
		if c.metricsDoor, err = listen.Listen(ctx, "tcp", cfg.Metrics); err != nil {
			return nil, fmt.Errorf("open the metrics' door: %w", err)
		}
	}
	lifetime, cancel := context.WithCancel(ctx)
	c.cancel = cancel
	line, err := c.openBroker(lifetime)
	if err != nil {
		return nil, err
	}
	c.line = line
	c.fleet = fleet.New(c.store, log, time.Now, c.line.Wake)
	c.fleet.OperatorName = connect.OperatorName
	c.remote = remote.New(c.store, c.fleet, log, time.Now)
	c.remote.Who = func(ctx context.Context, personID, organisationID string) (*access.Person, error) {
		return c.access.PersonIn(ctx, &access.Person{ID: personID}, organisationID, "")
	}
	c.updates = updates.New(c.store, updates.NewReleases(releasesDir(cfg.Data), time.Now), log, time.Now, func(organisation, rolloutID string) {
		c.fleet.Hub().Publish(organisation, fleet.Change{What: fleet.RolloutChanged, ID: rolloutID})
	}, c.fleet.Rouse)
	c.documents = documents.New(c.store, c.fleet, c.fleet.Hub(), log, time.Now)
	if err := c.documents.ReadUnread(lifetime); err != nil {
		return nil, err
	}
	c.measure()
	scheme := "http"
	if cfg.Encrypted() {
		scheme = "https"
	}
	c.addresses.Cabinet = cfg.PublicURL
	if c.addresses.Cabinet == "" {
		c.addresses.Cabinet = scheme + "://" + reach(c.doors[0].Addr().String(), cfg.Host)
	}
	c.addresses.Agents = "https://" + reach(c.doors[1].Addr().String(), cfg.Host)
	if err := c.serve(lifetime); err != nil {
		return nil, err
	}
	if err := c.addresses.write(cfg.Data); err != nil {
		return nil, errors.Join(err, c.stop())
	}
	return c, nil
}

// reach is how others reach a listener: by the host of the settings, or at its own address when none was set.
func reach(addr, host string) string {
	own, port, err := net.SplitHostPort(addr)
	if err != nil {
		return addr
	}
	if !everywhere(own) && host == config.Default().Host {
		host = own
	}
	return net.JoinHostPort(host, port)
}

// everywhere tells whether a listener listens on all addresses of the computer.
func everywhere(host string) bool {
	ip := net.ParseIP(host)
	return host == "" || ip != nil && ip.IsUnspecified()
}

// openBroker starts the embedded broker, or none when there is an external one, and prepares the line to it.
func (c *cabinet) openBroker(ctx context.Context) (*wake.Line, error) {
	own := &tls.Config{
		MinVersion: tls.VersionTLS12, RootCAs: c.authority.Pool(),
		GetClientCertificate: func(*tls.CertificateRequestInfo) (*tls.Certificate, error) {
			cert, err := c.authority.Own()
			return &cert, err
		},
	}
	options := wake.LineOptions{
		TLS: own, ClientID: c.config.External.ClientID, Username: c.config.External.Username, Password: c.config.External.Password, Log: c.log,
		Presence: func(agentID string, here, retained bool) {
			if err := c.fleet.Presence(ctx, agentID, here, retained); err != nil && ctx.Err() == nil {
				c.log.WarnContext(ctx, "presence not noted", "agent", agentID, "error", err)
			}
		},
	}
	if external := c.config.External; external.URL != "" {
		if external.Authority != "" {
			text, err := os.ReadFile(external.Authority)
			if err != nil {
				return nil, fmt.Errorf("read the broker's authority: %w", err)
			}
			own.RootCAs = x509.NewCertPool()
			if !own.RootCAs.AppendCertsFromPEM(text) {
				return nil, fmt.Errorf("read the broker's authority: %s holds no certificate", external.Authority)
			}
		}
		options.URL = external.URL
		c.addresses.Broker = external.URL
		if external.AgentsURL != "" {
			c.addresses.Broker = external.AgentsURL
		}
		return wake.NewLine(options), nil
	}
	var err error
	c.broker, err = wake.StartBroker(ctx, wake.BrokerOptions{
		Listen: c.config.Broker, Dir: filepath.Join(c.config.Data, "broker"), TLS: c.authority.Server([]string{c.config.Host}, true), Log: c.log,
		Own: access.IsCabinet,
		Agent: func(cert *x509.Certificate) (string, bool) {
			id, ok := access.AgentID(cert)
			if !ok {
				return "", false
			}
			ctx, cancel := context.WithTimeout(ctx, agentLookup)
			defer cancel()
			_, err := c.access.Agent(ctx, id)
			return id, err == nil
		},
	})
	if err != nil {
		return nil, err
	}
	host, port, err := net.SplitHostPort(c.broker.Addr())
	if err != nil {
		return nil, fmt.Errorf("address of the broker: %w", err)
	}
	own.ServerName = "localhost" // stands in every certificate we make for ourselves
	if everywhere(host) {
		host = "127.0.0.1"
	}
	options.URL = "ssl://" + net.JoinHostPort(host, port)
	c.addresses.Broker = "ssl://" + reach(c.broker.Addr(), c.config.Host)
	return wake.NewLine(options), nil
}

// measure makes the page of numbers. It is kept whether or not somebody may read it: counting costs nothing.
func (c *cabinet) measure() {
	c.metrics = metrics.New(version, metrics.Sources{
		Agents: c.fleet.Online, Watchers: c.fleet.Hub().Watchers, Queue: c.documents.Waiting,
		Pools: func() (list []metrics.Pool) {
			for _, p := range c.store.Pools() {
				list = append(list, metrics.Pool(p))
			}
			return list
		},
	})
	c.fleet.Ended = c.metrics.CommandEnded
}

// missing gives the documents that never came, to who tells people of them.
func (c *cabinet) missing(ctx context.Context, organisation string) ([]notify.Missing, error) {
	list, err := c.documents.Missing(ctx, organisation)
	told := make([]notify.Missing, len(list))
	for i, m := range list {
		told[i] = notify.Missing(m)
	}
	return told, err
}

// serve starts everything that runs.
func (c *cabinet) serve(ctx context.Context) error {
	pages, err := site.New()
	if err != nil {
		return err
	}
	told := notify.New(c.store, c.access, c.fleet, c.post, c.log, time.Now, c.addresses.Cabinet)
	told.Missing = c.missing
	door := &api.Server{
		Access: c.access, Authority: c.authority, Fleet: c.fleet, Documents: c.documents, Updates: c.updates, Remote: c.remote, Post: c.post, Notify: told, Audit: audit.New(c.store),
		People: people.New(c.store, c.access, c.post, c.addresses.Cabinet, c.log, time.Now), Log: c.log,
		Trees:       tree.Open(c.store, c.log, time.Now, c.fleet.Reshaped),
		Connections: connect.Open(c.store, c.fleet, time.Now),
		Secure:      c.config.Encrypted() || c.config.BehindProxy, BehindProxy: c.config.BehindProxy,
		PublicURL: c.addresses.Cabinet, UplinkURL: c.addresses.Agents, BrokerURL: c.addresses.Broker,
		Poll: pollEvery, Healthy: c.store.Ping, Meter: c.metrics, Stopping: c.stopping, Now: time.Now,
	}
	support, err := c.config.Support.Checked()
	if err != nil {
		return err
	}
	door.Support = people.Contacts(support)
	if err := c.configureAccess(door.People); err != nil {
		return err
	}
	hosts := []string{c.config.Host}
	if c.config.TLS.Own {
		door.Pin = pin(c.authority)
	}
	quiet := slog.NewLogLogger(c.log.Handler(), slog.LevelDebug) // strangers on an open port are no news
	server := func(h http.Handler) *http.Server {
		return &http.Server{Handler: h, ReadHeaderTimeout: 10 * time.Second, IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 64 << 10, ErrorLog: quiet}
	}
	c.people = server(door.Cabinet(pages))
	c.agents = server(door.Agents())
	c.agents.TLSConfig = c.authority.AgentsDoor(hosts)
	c.access.OnRevoked(func(agentID string) { door.Revoked(agentID, c.kick) }) //nolint:contextcheck // what follows a revocation outlives the call that gave it
	c.group = new(errgroup.Group)
	// What ends by itself takes the cabinet down; the service manager starts it anew.
	run := func(part func() error) {
		c.group.Go(func() error {
			defer c.cancel()
			return part()
		})
	}
	run(func() error { return served("cabinet's door", c.servePeople(hosts)) })
	run(func() error { return served("agents' door", c.agents.ServeTLS(c.doors[1], "", "")) })
	if c.metricsDoor != nil {
		run(func() error { return c.metrics.Serve(ctx, c.metricsDoor, c.log) })
	}
	run(func() error { return c.fleet.Run(ctx) })
	run(func() error { return c.updates.Run(ctx) })
	run(func() error { return c.remote.Run(ctx) })
	run(func() error { return told.Run(ctx) })
	run(func() error { return c.line.Run(ctx) })
	run(func() error { return c.access.WatchRevoked(ctx) })
	run(func() error { return c.access.Run(ctx) })
	// The writer outlives the doors: what was taken is written.
	writing, stopWriting := context.WithCancel(context.WithoutCancel(ctx))
	run(func() error { return c.documents.Run(writing) })
	run(func() error {
		<-ctx.Done()
		defer stopWriting()
		close(c.stopping)
		ending, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopLimit)
		defer cancel()
		for _, s := range []*http.Server{c.people, c.agents} {
			if err := s.Shutdown(ending); err != nil {
				_ = s.Close() // its calls did not end in time
			}
		}
		return nil
	})
	return nil
}

// configureAccess says how people come in.
func (c *cabinet) configureAccess(organisations *people.People) error {
	secret, err := config.Secret(c.config.OIDC.Secret, c.config.OIDC.SecretFile)
	if err != nil {
		return fmt.Errorf("oidc: %w", err)
	}
	return c.access.Configure(access.Options{
		Mail: c.post.Mail, SMS: c.post.SMS, PublicURL: c.addresses.Cabinet, SignUp: c.config.SignUp == config.SignUpOpen,
		Terms: c.config.Terms.Version, TermsURL: c.config.Terms.URL, Organisations: organisations.Entrance(),
		OIDC: access.OIDC{Issuer: c.config.OIDC.Issuer, ClientID: c.config.OIDC.ClientID, Secret: secret, Name: c.config.OIDC.Name},
	})
}

// kick ends an agent's connection to the broker. One of somebody else goes by its own rules; nothing that counts travels there.
func (c *cabinet) kick(agentID string) {
	if c.broker != nil {
		c.broker.Kick(agentID)
	}
}

func (c *cabinet) servePeople(hosts []string) error {
	switch {
	case c.config.TLS.Own:
		c.people.TLSConfig = c.authority.Server(append(hosts, publicHost(c.config.PublicURL)), false)
		return c.people.ServeTLS(c.doors[0], "", "")
	case c.config.TLS.Certificate != "":
		return c.people.ServeTLS(c.doors[0], c.config.TLS.Certificate, c.config.TLS.Key)
	}
	return c.people.Serve(c.doors[0])
}

// served tells a door that was closed from one that closed by itself.
func served(what string, err error) error {
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return fmt.Errorf("%s: %w", what, err)
}

// wait waits until the cabinet has stopped.
func (c *cabinet) wait() error {
	err := c.group.Wait()
	c.release()
	return err
}

// stop stops the cabinet and waits.
func (c *cabinet) stop() error {
	c.cancel()
	return c.wait()
}

// release gives back what start took.
func (c *cabinet) release() {
	if c.cancel != nil {
		c.cancel()
	}
	for _, door := range append(c.doors[:], c.metricsDoor) {
		if door != nil {
			_ = door.Close() // closed already when the servers ran
		}
	}
	if c.broker != nil {
		c.broker.Close()
	}
	if c.store != nil {
		if err := c.store.Close(); err != nil {
			c.log.Warn("database not closed", "error", err)
		}
	}
}

func publicHost(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return ""
	}
	return u.Hostname()
}
