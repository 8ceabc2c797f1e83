// Package post carries messages from the cabinet to people: e-mail and text messages, and where nothing of the kind is set up, a
// folder in which each message is a file, so that a shop that tries the cabinet can read its own codes.
//
// # What it does not do
//
// It does not decide who is told what (package notify), and it does not write the texts.
package post

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"time"
)

// Message is one text to one person.
type Message struct {
	// To is an e-mail address or a phone number, +79161234567.
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

// Post is the ways there are; none is nil.
type Post struct {
	Mail, SMS Sender
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
