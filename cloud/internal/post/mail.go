package post

import (
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net/mail"
	"os"
	"strings"

	gomail "github.com/wneessen/go-mail"

	"github.com/chekan-io/chekan/cloud/internal/config"
)

// Mail sends letters to an SMTP server.
type Mail struct {
	host string
	from *mail.Address
	opts []gomail.Option
}

// NewMail makes one of its settings.
func NewMail(c config.Mail) (*Mail, error) {
	from, err := mail.ParseAddress(c.From)
	if err != nil {
		return nil, fmt.Errorf("mail.from: %w", err)
	}
	m := &Mail{host: c.Host, from: from, opts: []gomail.Option{gomail.WithTimeout(sendLimit)}}
	port := c.Port
	switch cmp.Or(c.Encryption, "starttls") {
	case "tls":
		port = cmp.Or(port, gomail.DefaultPortSSL)
		m.opts = append(m.opts, gomail.WithSSL())
	case "none":
		port = cmp.Or(port, gomail.DefaultPort)
		m.opts = append(m.opts, gomail.WithTLSPolicy(gomail.NoTLS))
	default:
		port = cmp.Or(port, gomail.DefaultPortTLS)
		m.opts = append(m.opts, gomail.WithTLSPolicy(gomail.TLSMandatory))
	}
	m.opts = append(m.opts, gomail.WithPort(port))
	own := &tls.Config{MinVersion: tls.VersionTLS12, ServerName: c.Host}
	if c.Authority != "" {
		text, err := os.ReadFile(c.Authority)
		if err != nil {
			return nil, fmt.Errorf("mail.authority: %w", err)
		}
		own.RootCAs = x509.NewCertPool()
		if !own.RootCAs.AppendCertsFromPEM(text) {
			return nil, fmt.Errorf("mail.authority: %s holds no certificate", c.Authority)
		}
	}
	m.opts = append(m.opts, gomail.WithTLSConfig(own))
	password, err := config.Secret(c.Password, c.PasswordFile)
	if err != nil {
		return nil, fmt.Errorf("mail.password: %w", err)
	}
	if c.Username != "" {
		auth := gomail.SMTPAuthAutoDiscover
		if c.Encryption == "none" { // on this computer only, see config; the library refuses to guess there
			auth = gomail.SMTPAuthPlainNoEnc
		}
		m.opts = append(m.opts, gomail.WithSMTPAuth(auth), gomail.WithUsername(c.Username), gomail.WithPassword(password))
	}
	if _, err := gomail.NewClient(m.host, m.opts...); err != nil {
		return nil, fmt.Errorf("mail: %w", err)
	}
	return m, nil
}

// Send implements [Sender].
func (m *Mail) Send(ctx context.Context, message Message) error {
	ctx, cancel := context.WithTimeout(ctx, sendLimit)
	defer cancel()
	letter := gomail.NewMsg()
	letter.FromMailAddress(m.from)
	if err := letter.To(message.To); err != nil {
		return fmt.Errorf("address of a letter: %w: %w: %w", errAddress, err, ErrRefused)
	}
	letter.Subject(strings.Join(strings.Fields(message.Subject), " "))
	letter.SetDate()
	letter.SetMessageID()
	if message.ID != "" {
		_, domain, _ := strings.Cut(m.from.Address, "@")
		letter.SetMessageIDWithValue(message.ID + "@" + domain)
	}
	letter.SetGenHeader("Auto-Submitted", "auto-generated") // RFC 3834: nobody's holiday answers it
	letter.SetBodyString(gomail.TypeTextPlain, message.Text)
	if message.HTML != "" {
		letter.AddAlternativeString(gomail.TypeTextHTML, message.HTML)
	}
	// A client is one conversation; it keeps no state worth sharing.
	client, err := gomail.NewClient(m.host, m.opts...)
	if err != nil {
		return fmt.Errorf("send letter: %w", err)
	}
	if err := client.DialAndSendWithContext(ctx, letter); err != nil {
		final, err := ofMail(err)
		if final {
			return fmt.Errorf("send letter: %w: %w", err, ErrRefused)
		}
		return fmt.Errorf("send letter: %w", err)
	}
	return nil
}
