package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/chekan-io/chekan/agent/internal/config"
)

const (
	headerTimeout = 10 * time.Second
	bodyTimeout   = 30 * time.Second
	idleTimeout   = 2 * time.Minute
	maxHeaders    = 16 << 10
	// closeGrace lets answers that are already known reach their askers.
	closeGrace = 2 * time.Second
)

// door is the listener for the shop's software.
type door struct {
	addr   string
	server *http.Server
	l      net.Listener
	file   string
	cancel context.CancelFunc
}

// openDoor begins to listen and leaves the address in the data folder, where
// the command line finds it even when the configured port is 0.
func openDoor(ctx context.Context, cfg config.Config, handler http.Handler, log *slog.Logger) (*door, error) {
	var lc net.ListenConfig
	l, err := lc.Listen(ctx, "tcp", cfg.Listen)
	if err != nil {
		return nil, fmt.Errorf("адрес %s занят или недоступен: другой агент уже запущен? (%w)", cfg.Listen, err)
	}
	// Answers outlive the wish to stop: an operation in progress is finished
	// and told first.
	base, cancel := context.WithCancel(context.WithoutCancel(ctx))
	d := &door{
		addr: l.Addr().String(), l: l, file: filepath.Join(cfg.Data, "door"), cancel: cancel,
		server: &http.Server{
			Handler: limitBody(handler), ReadHeaderTimeout: headerTimeout, IdleTimeout: idleTimeout, MaxHeaderBytes: maxHeaders,
			BaseContext: func(net.Listener) context.Context { return base },
			ErrorLog:    slog.NewLogLogger(log.Handler(), slog.LevelDebug),
		},
	}
	if err := writePrivate(d.file, d.addr+"\n"); err != nil {
		cancel()
		_ = l.Close()
		return nil, fmt.Errorf("папка данных: %w", err)
	}
	return d, nil
}

// limitBody gives a request some time to arrive. There is no such limit on the
// answer: a stream of changes lasts.
func limitBody(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(bodyTimeout))
		next.ServeHTTP(w, r)
	})
}

// serve answers until close.
func (d *door) serve(context.Context) error {
	if err := d.server.Serve(d.l); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

// close lets the answers go out and ends streams. ctx is not the agent's own,
// which is over by now.
func (d *door) close(ctx context.Context) {
	_ = os.Remove(d.file)
	ctx, cancel := context.WithTimeout(ctx, closeGrace)
	defer cancel()
	// Streams never end by themselves; half the grace is for the others.
	stop := time.AfterFunc(closeGrace/2, d.cancel)
	defer stop.Stop()
	if err := d.server.Shutdown(ctx); err != nil {
		_ = d.server.Close()
	}
	d.cancel()
}

// ownHosts are the names under which other computers may ask, when they may.
func ownHosts(cfg config.Config) []string {
	if !cfg.ListenRemote {
		return nil
	}
	_, port, err := net.SplitHostPort(cfg.Listen)
	if err != nil {
		return nil
	}
	names := []string{}
	if host, err := os.Hostname(); err == nil {
		names = append(names, host)
	}
	if list, err := net.InterfaceAddrs(); err == nil {
		for _, a := range list {
			if ip, ok := a.(*net.IPNet); ok {
				names = append(names, ip.IP.String())
			}
		}
	}
	hosts := make([]string, len(names))
	for i, n := range names {
		hosts[i] = net.JoinHostPort(n, port)
	}
	return hosts
}

// readToken gives the door's token, made at the first start. Who can read the
// data folder may sell.
func readToken(data string) (string, error) {
	path := filepath.Join(data, "token")
	text, err := os.ReadFile(path)
	if token := strings.TrimSpace(string(text)); err == nil && token != "" {
		return token, nil
	}
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return "", err
	}
	token := rand.Text() + rand.Text()
	return token, writePrivate(path, token+"\n")
}

// writePrivate replaces a small file that only its owner reads. It is on disk
// when the name is: a token that a power cut empties would lock the shop's
// software out.
func writePrivate(path, text string) error {
	f, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+"-*") // made with mode 0600
	if err != nil {
		return err
	}
	_, err = f.WriteString(text)
	err = errors.Join(err, f.Sync(), f.Close())
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		_ = os.Remove(f.Name())
	}
	return err
}
