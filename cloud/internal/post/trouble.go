package post

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/textproto"
	"slices"
	"strconv"
	"strings"

	gomail "github.com/wneessen/go-mail"
)

// Fault is the kind of trouble that kept a message from going: whoever shows it has words for each.
type Fault string

// Faults.
const (
	// FaultAddress says that there is no such mailbox, number or chat, or that whoever has it wants nothing of us.
	FaultAddress Fault = "address"
	// FaultCredentials says that the other side does not take our name, password or token.
	FaultCredentials Fault = "credentials"
	// FaultOften says that the other side wants fewer messages.
	FaultOften Fault = "often"
	// FaultReach says that nobody answered: no such name, no connection, no time.
	FaultReach Fault = "reach"
	// FaultTLS says that the connection is not safe: a certificate nobody knows, no encryption.
	FaultTLS Fault = "tls"
	// FaultPrivate says that a webhook would go into a private network.
	FaultPrivate Fault = "private"
	// FaultUnset says that the way is not set up in this cabinet.
	FaultUnset Fault = "unset"
	// FaultAnswer says that the other side answered, and did not take it.
	FaultAnswer Fault = "answer"
)

var faults = []Fault{FaultAddress, FaultCredentials, FaultOften, FaultReach, FaultTLS, FaultPrivate, FaultUnset, FaultAnswer}

// Faults gives all there are.
func Faults() []Fault { return slices.Clone(faults) }

// Trouble is why a message did not go.
type Trouble struct {
	// Fault is empty for what is of no kind.
	Fault Fault
	// Said is the other side's code and text as they came, or the system's; it may be empty.
	Said string
}

// String is a trouble as it is kept; [ReadTrouble] reads it.
func (t Trouble) String() string {
	switch {
	case t.Fault == "":
		return t.Said
	case t.Said == "":
		return string(t.Fault)
	}
	return string(t.Fault) + ": " + t.Said
}

// ReadTrouble reads what [Trouble.String] wrote; of any other text all is what was said.
func ReadTrouble(text string) Trouble {
	fault, said, _ := strings.Cut(text, ": ")
	if slices.Contains(faults, Fault(fault)) {
		return Trouble{Fault(fault), said}
	}
	return Trouble{Said: text}
}

// answered is an error that is an answer.
type answered struct {
	fault Fault
	code  int
	text  string
}

// Error implements error.
func (e *answered) Error() string {
	if e.text == "" {
		return fmt.Sprintf("answered %d", e.code)
	}
	return fmt.Sprintf("answered %d: %s", e.code, e.text)
}

// ofStatus is the fault that a status of HTTP means to whoever shows a token with each call.
func ofStatus(status int) Fault {
	switch status {
	case http.StatusUnauthorized, http.StatusForbidden:
		return FaultCredentials
	case http.StatusTooManyRequests:
		return FaultOften
	}
	return FaultAnswer
}

// TroubleOf tells what kind of trouble an error of a [Sender] or of [Webhooks.Send] is.
func TroubleOf(err error) Trouble {
	if err == nil {
		return Trouble{}
	}
	if e, ok := errors.AsType[*TooFast](err); ok {
		return Trouble{FaultOften, "retry after " + e.After.String()}
	}
	if e, ok := errors.AsType[*answered](err); ok {
		return Trouble{e.fault, strings.TrimSpace(fmt.Sprint(e.code, " ", e.text))}
	}
	switch {
	case errors.Is(err, errAddress):
		return Trouble{Fault: FaultAddress}
	case errors.Is(err, ErrForbiddenAddress):
		return Trouble{Fault: FaultPrivate}
	case unsafe(err):
		return Trouble{FaultTLS, said([]byte(inner(err).Error()))}
	case unreached(err):
		return Trouble{FaultReach, said([]byte(inner(err).Error()))}
	}
	return Trouble{Said: said([]byte(err.Error()))}
}

// errAddress says that what was given is no address at all.
var errAddress = errors.New("no address")

// errUnencrypted says that the other side does not speak TLS.
var errUnencrypted = errors.New("the other side does not speak TLS")

func unsafe(err error) bool {
	if errors.Is(err, errUnencrypted) {
		return true
	}
	if _, ok := errors.AsType[*tls.CertificateVerificationError](err); ok {
		return true
	}
	if _, ok := errors.AsType[x509.UnknownAuthorityError](err); ok {
		return true
	}
	if _, ok := errors.AsType[tls.RecordHeaderError](err); ok {
		return true
	}
	// A connection that TLS ended, by either side, is told in these words (crypto/tls, Conn).
	e, ok := errors.AsType[*net.OpError](err)
	return ok && (e.Op == "remote error" || e.Op == "local error") || strings.Contains(err.Error(), "server gave HTTP response to HTTPS client")
}

func unreached(err error) bool {
	_, of := errors.AsType[net.Error](err)
	return of || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, context.DeadlineExceeded) || errors.Is(err, net.ErrClosed) ||
		strings.Contains(err.Error(), "server closed idle connection") // who hung up before the question was sent (net/http, errServerClosedIdle)
}

// inner is an error of the network without the addresses and steps around it.
func inner(err error) error {
	if e, ok := errors.AsType[*net.DNSError](err); ok {
		return fmt.Errorf("%s: %s", e.Name, e.Err)
	}
	if e, ok := errors.AsType[net.Error](err); ok && e.Timeout() {
		return errors.New("timeout")
	}
	if e, ok := errors.AsType[*net.OpError](err); ok {
		return e.Err
	}
	if e, ok := errors.AsType[*tls.CertificateVerificationError](err); ok {
		return e.Err
	}
	for {
		next := errors.Unwrap(err)
		if next == nil {
			return err
		}
		err = next
	}
}

// ofMail gives an error of the mail library as what a server answered, and whether that is final; whatever else it is it stays.
func ofMail(err error) (final bool, _ error) {
	if e, ok := errors.AsType[*gomail.SendError](err); ok && e.ErrorCode() != 0 {
		_, text, _ := strings.Cut(e.Error(), ": ") // the library gives the answer only within its own words
		text, _, _ = strings.Cut(text, ", affected ")
		_, text, _ = strings.Cut(text, " ") // the code stands in front
		if bare, err := strconv.Unquote(text); err == nil {
			text = bare
		}
		a := &answered{ofReply(e.ErrorCode()), e.ErrorCode(), said([]byte(text))}
		if a.fault != FaultCredentials && e.Reason == gomail.ErrSMTPRcptTo && a.code >= 500 {
			a.fault = FaultAddress
		}
		return a.fault != FaultCredentials && a.code >= 500, a // a password is mended
	}
	if e, ok := errors.AsType[*textproto.Error](err); ok {
		return false, &answered{ofReply(e.Code), e.Code, said([]byte(e.Msg))}
	}
	if strings.Contains(err.Error(), "host does not support STARTTLS") {
		return false, errUnencrypted
	}
	return false, err
}

// ofReply is the fault that a reply of SMTP means, before anything is known of whom it was about.
func ofReply(code int) Fault {
	switch code {
	case 530, 534, 535, 538: // RFC 4954, sections 4 and 6
		return FaultCredentials
	}
	return FaultAnswer
}
