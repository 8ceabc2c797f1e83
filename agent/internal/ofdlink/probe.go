package ofdlink

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/chekan-io/chekan/protocol/ofd"
)

// probeWait is how long a probe waits for an operator that took its message.
const probeWait = 15 * time.Second

// Report is what a probe found.
type Report struct {
	Address string
	Failure *Failure // nil: an operator answers there
	Took    time.Duration
}

// Text says in Russian what was found.
func (r Report) Text() string {
	if r.Failure != nil {
		return r.Failure.Text()
	}
	return fmt.Sprintf("ОФД по адресу %s отвечает (%d мс).", r.Address, r.Took.Milliseconds())
}

// Probe tries the way to an operator by a service message, which carries no
// document and changes nothing. fn is the number of the fiscal memory that asks;
// empty will do.
func Probe(ctx context.Context, opts Options, address, fn string) Report {
	opts = opts.withDefaults()
	address = opts.Directory.Redirected(address)
	began := time.Now()
	err := probe(ctx, opts, address, fn)
	r := Report{Address: address, Took: time.Since(began)}
	if err != nil && !errors.As(err, &r.Failure) {
		r.Failure = &Failure{Kind: KindUnreachable, Address: address, Err: err}
	}
	return r
}

func probe(ctx context.Context, opts Options, address, fn string) error {
	l, err := opts.dial(ctx, address)
	if err != nil {
		return err
	}
	defer l.close()
	if fn == "" {
		fn = "0000000000000000"
	}
	answer, err := l.ask(ctx, ofd.Service(fn, ofd.Version12).Append(nil), min(probeWait, opts.AnswerWait))
	if err != nil {
		return err
	}
	if _, err := ofd.ParseMessage(answer); err != nil {
		return &Failure{Kind: KindWrongAnswer, Address: address, Err: err}
	}
	return nil
}
