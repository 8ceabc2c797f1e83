package ofdlink

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"syscall"

	"github.com/chekan-io/chekan/agent/internal/health"
	"github.com/chekan-io/chekan/drivers"
)

// Kind says what keeps documents from being delivered.
type Kind string

// Kinds of failure.
const (
	KindDNS         Kind = health.CodeOFDName        // the name has no address, or no name server answers
	KindRefused     Kind = health.CodeOFDRefused     // the computer is there, nobody listens
	KindUnreachable Kind = health.CodeOFDUnreachable // no way to the computer
	KindSilent      Kind = health.CodeOFDSilent      // took what was sent and does not answer
	KindDropped     Kind = health.CodeOFDDropped     // hung up instead of answering
	KindWrongAnswer Kind = health.CodeOFDWrong       // whoever answers is no operator, or answers nonsense
	KindNotTaken    Kind = drivers.CodeOFDAnswer     // the fiscal memory does not take the operator's answer
	KindNoOperator  Kind = health.CodeOFDUnknown     // no address for the operator the till is registered with
	KindTill        Kind = health.CodeOFDTill        // the till itself fails
	KindOwnLink     Kind = health.CodeOFDOwnLink     // the till has documents and gives no message: it delivers by itself
)

// Failure is one failed attempt, with the words for a person.
type Failure struct {
	Kind    Kind
	Address string // or the operator's INN for KindNoOperator
	Err     error

	vendor int // the till's own number for it
}

// Error is for logs.
func (f *Failure) Error() string { return fmt.Sprintf("%s %s: %v", f.Kind, f.Address, f.Err) }

// Unwrap gives the cause.
func (f *Failure) Unwrap() error { return f.Err }

// Problem is the failure as the till's problem.
func (f *Failure) Problem() health.Problem {
	switch f.Kind {
	case KindNotTaken, KindTill, KindOwnLink:
		return health.Problem{Code: string(f.Kind), Vendor: f.vendor}
	case KindNoOperator:
		return health.Problem{Code: string(f.Kind), Args: map[string]string{"inn": f.Address}}
	case KindDNS, KindRefused, KindUnreachable, KindSilent, KindDropped, KindWrongAnswer:
	}
	return health.Problem{Code: string(f.Kind), Args: map[string]string{"address": f.Address}}
}

// Text says in Russian what happened.
func (f *Failure) Text() string { return f.Problem().Words().Text }

// Todo says in Russian what to do.
func (f *Failure) Todo() string { return f.Problem().Words().Todo }

// dialFailure sorts an error of the dialling.
func dialFailure(address string, err error) *Failure {
	kind := KindUnreachable
	var dns *net.DNSError
	switch {
	case errors.As(err, &dns):
		kind = KindDNS
	case refusedConnection(err):
		kind = KindRefused
	}
	return &Failure{Kind: kind, Address: address, Err: err}
}

// wsaRefused is WSAECONNREFUSED, what Windows says for ECONNREFUSED.
const wsaRefused = syscall.Errno(10061)

func refusedConnection(err error) bool {
	return errors.Is(err, syscall.ECONNREFUSED) || errors.Is(err, wsaRefused)
}

// lineFailure sorts an error of the open connection.
func lineFailure(address string, err error) *Failure {
	kind := KindDropped
	switch {
	case errors.Is(err, errAnswer):
		kind = KindWrongAnswer
	case errors.Is(err, os.ErrDeadlineExceeded), errors.Is(err, context.DeadlineExceeded):
		kind = KindSilent
	case errors.Is(err, io.ErrUnexpectedEOF):
		kind = KindDropped
	}
	return &Failure{Kind: kind, Address: address, Err: err}
}

// errAnswer marks an answer that is none.
var errAnswer = errors.New("no answer of an operator")

// tillFailure sorts an error of the till.
func tillFailure(err error) *Failure {
	var e *drivers.Error
	if errors.As(err, &e) && e.Code == drivers.CodeOFDAnswer {
		return &Failure{Kind: KindNotTaken, Err: err, vendor: e.Vendor}
	}
	return &Failure{Kind: KindTill, Err: err}
}
