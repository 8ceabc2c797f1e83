// Package post carries messages from the cabinet to people and to other systems: e-mail over SMTP, text messages over a gateway's
// HTTP, Telegram over its Bot API, webhooks with a signature. Where nothing is set up it keeps a folder in which each message
// is a file, so that a shop that tries the cabinet can read its own codes.
//
// # Once
//
// A message carries an id of its sender's, and every way hands it on as far as it can: Message-ID of a letter, {id} of a gateway,
// Chekan-Delivery of a webhook. Who sends again what may have been sent already sends the same id. Telegram knows none.
//
// # Errors
//
// [ErrRefused] stands around what no repeat will mend: an address that does not exist, a bot that was blocked. Anything else may
// be tried again. No error and no log line holds a secret: addresses with tokens in them are cut out.
//
// # What it does not do
//
// It does not decide who is told what and when to try again (package notify), and it does not write the texts.
package post

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/chekan-io/chekan/cloud/internal/config"
)

// ErrRefused says that the other side will not take the message, however often it is offered.
var ErrRefused = errors.New("refused for good")

// sendLimit is how long one message may take.
const sendLimit = 30 * time.Second

// Message is one text to one person.
type Message struct {
	// ID is the sender's own: the same when it is sent again. It may be empty.
	ID string `json:"id,omitempty"`
	// To is an e-mail address, a phone number (+79161234567) or a chat.
	To string `json:"to"`
	// Subject is for e-mail only.
	Subject string `json:"subject,omitempty"`
	Text    string `json:"text"`
	// HTML is for e-mail only and may be empty.
	HTML string `json:"html,omitempty"`
}

// Sender takes a message on its way. An error says that it was not taken.
type Sender interface {
	Send(ctx context.Context, m Message) error
}

// Post is the ways there are; Mail and SMS are never nil.
type Post struct {
	Mail, SMS Sender
	// Telegram is nil without a bot.
	Telegram *Telegram
	Webhooks *Webhooks
}

// New makes the ways that are set; without one, mail and text messages go to a folder.
func New(c config.Config) (*Post, error) {
	p := &Post{Mail: Folder{Dir: c.PostFolder(), Way: "mail"}, SMS: Folder{Dir: c.PostFolder(), Way: "sms"}}
	var err error
	if c.Mail.Host != "" {
		if p.Mail, err = NewMail(c.Mail); err != nil {
			return nil, err
		}
	}
	if c.SMS.URL != "" {
		if p.SMS, err = NewGateway(c.SMS); err != nil {
			return nil, err
		}
	}
	token, err := config.Secret(c.Telegram.Token, c.Telegram.TokenFile)
	if err != nil {
		return nil, fmt.Errorf("telegram: %w", err)
	}
	if token != "" {
		p.Telegram = NewTelegram(c.Telegram.API, token)
	}
	if p.Webhooks, err = NewWebhooks(c.Webhooks); err != nil {
		return nil, err
	}
	return p, nil
}

// Folder keeps messages as files instead of sending them: 20260304T101500.000000000-<way>.json.
type Folder struct {
	// Dir is made when it does not exist.
	Dir string
	// Way names what it stands in for: mail, sms.
	Way string
}

// Send implements [Sender].
func (f Folder) Send(_ context.Context, m Message) error {
	text, err := json.MarshalIndent(m, "", "  ")
	if err != nil {
		return fmt.Errorf("encode message: %w", err)
	}
	if err := os.MkdirAll(f.Dir, 0o700); err != nil {
		return fmt.Errorf("make folder of messages: %w", err)
	}
	name := filepath.Join(f.Dir, time.Now().UTC().Format("20060102T150405.000000000")+"-"+f.Way+".json")
	if err := os.WriteFile(name, append(text, '\n'), 0o600); err != nil {
		return fmt.Errorf("keep message: %w", err)
	}
	return nil
}

// silent takes the address out of an error of an HTTP client: it may hold a token, or a person's phone.
func silent(err error) error {
	if e, ok := errors.AsType[*url.Error](err); ok {
		return e.Err
	}
	return err
}

// said is what a stranger's answer may fill of a log line: one line, printable, bounded.
func said(text []byte) string {
	const most = 200
	line := strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(string(text), "?"))
	if r := []rune(line); len(r) > most {
		line = string(r[:most]) + "…"
	}
	return strings.TrimSpace(line)
}
