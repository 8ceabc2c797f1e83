package post

import (
	"errors"
	"io"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"

	"github.com/chekan-io/chekan/cloud/internal/config"
)

// mailbox is an SMTP server that keeps what it gets.
type mailbox struct {
	mu      sync.Mutex
	letters []string
	rcpt    []string
	refuse  *smtp.SMTPError
	login   string
}

type mailSession struct{ m *mailbox }

func (m *mailbox) NewSession(*smtp.Conn) (smtp.Session, error) { return &mailSession{m}, nil }

func (*mailSession) AuthMechanisms() []string { return []string{sasl.Plain} }

func (s *mailSession) Auth(string) (sasl.Server, error) {
	return sasl.NewPlainServer(func(_, username, password string) error {
		if password != "s3cret" {
			return &smtp.SMTPError{Code: 535, EnhancedCode: smtp.EnhancedCode{5, 7, 8}, Message: "wrong"}
		}
		s.m.mu.Lock()
		defer s.m.mu.Unlock()
		s.m.login = username
		return nil
	}), nil
}

func (*mailSession) Mail(string, *smtp.MailOptions) error { return nil }

func (s *mailSession) Rcpt(to string, _ *smtp.RcptOptions) error {
	s.m.mu.Lock()
	defer s.m.mu.Unlock()
	if s.m.refuse != nil {
		return s.m.refuse
	}
	s.m.rcpt = append(s.m.rcpt, to)
	return nil
}

func (s *mailSession) Data(r io.Reader) error {
	text, err := io.ReadAll(r)
	s.m.mu.Lock()
	defer s.m.mu.Unlock()
	s.m.letters = append(s.m.letters, string(text))
	return err
}
func (*mailSession) Reset()        {}
func (*mailSession) Logout() error { return nil }

func startMailbox(t *testing.T) (*mailbox, config.Mail) {
	t.Helper()
	m := new(mailbox)
	s := smtp.NewServer(m)
	s.AllowInsecureAuth = true
	s.Domain = "localhost"
	s.ReadTimeout, s.WriteTimeout = time.Minute, time.Minute
	listen, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() { defer close(ended); _ = s.Serve(listen) }() // ends by Close
	t.Cleanup(func() { _ = s.Close(); <-ended })
	at, _ := listen.Addr().(*net.TCPAddr)
	return m, config.Mail{Host: "127.0.0.1", Port: at.Port, Encryption: "none", From: "Чекан <kassa@example.ru>", Username: "kassa", Password: "s3cret"}
}

func TestMail(t *testing.T) {
	box, c := startMailbox(t)
	m, err := NewMail(c)
	if err != nil {
		t.Fatal(err)
	}
	if err := m.Send(t.Context(), Message{ID: "n1", To: "anna@example.ru", Subject: "Касса 1:\r\nBcc: evil@example.ru", Text: "Нет бумаги."}); err != nil {
		t.Fatal(err)
	}
	if len(box.letters) != 1 || box.login != "kassa" || strings.Join(box.rcpt, " ") != "anna@example.ru" {
		t.Fatalf("got %d letters to %q as %q", len(box.letters), box.rcpt, box.login)
	}
	for _, part := range []string{"Message-ID: <n1@example.ru>", "Auto-Submitted: auto-generated", "To: <anna@example.ru>", "text/plain"} {
		if !strings.Contains(box.letters[0], part) {
			t.Errorf("letter without %q:\n%s", part, box.letters[0])
		}
	}
	if strings.Contains(box.letters[0], "\nBcc:") {
		t.Error("a subject made a header")
	}
}

func TestMail_refused(t *testing.T) {
	box, c := startMailbox(t)
	m, err := NewMail(c)
	if err != nil {
		t.Fatal(err)
	}
	box.refuse = &smtp.SMTPError{Code: 550, EnhancedCode: smtp.EnhancedCode{5, 1, 1}, Message: "no such mailbox"}
	if err := m.Send(t.Context(), Message{To: "gone@example.ru", Text: "т"}); !errors.Is(err, ErrRefused) {
		t.Errorf("550: %v", err)
	}
	box.refuse = &smtp.SMTPError{Code: 451, EnhancedCode: smtp.EnhancedCode{4, 3, 0}, Message: "later"}
	if err := m.Send(t.Context(), Message{To: "busy@example.ru", Text: "т"}); err == nil || errors.Is(err, ErrRefused) {
		t.Errorf("451: %v", err)
	}
	if err := m.Send(t.Context(), Message{To: "not an address", Text: "т"}); !errors.Is(err, ErrRefused) {
		t.Errorf("no address: %v", err)
	}
	c.Encryption = "starttls" // which this server does not speak: nothing goes unencrypted
	if m, err = NewMail(c); err != nil {
		t.Fatal(err)
	}
	box.refuse = nil
	if err := m.Send(t.Context(), Message{To: "a@example.ru", Text: "т"}); err == nil {
		t.Error("sent without encryption")
	}
}
