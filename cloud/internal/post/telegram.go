package post

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// TelegramAPI is Telegram's own address.
const TelegramAPI = "https://api.telegram.org"

// pollFor is how long Telegram may keep a question for news open.
const pollFor = 50 * time.Second

// Telegram is a bot (https://core.telegram.org/bots/api).
type Telegram struct {
	base   string // with the token: never shown
	token  string
	client *http.Client
}

// NewTelegram makes one; an empty address is Telegram's own.
func NewTelegram(api, token string) *Telegram {
	if api == "" {
		api = TelegramAPI
	}
	return &Telegram{base: strings.TrimSuffix(api, "/") + "/bot" + token + "/", token: token, client: &http.Client{Timeout: pollFor + sendLimit, CheckRedirect: stay}}
}

// Update is a message somebody wrote to the bot.
type Update struct {
	ID int64
	// Chat it was written in, and Name of who wrote.
	Chat, Name string
	Text       string
	// Private says that the chat is between one person and the bot.
	Private bool
}

// TooFast is Telegram's word to wait.
type TooFast struct {
	// After is how long.
	After time.Duration
}

// Error implements error.
func (e *TooFast) Error() string { return "too many messages, wait " + e.After.String() }

func (t *Telegram) call(ctx context.Context, method string, ask, into any) error {
	body, err := json.Marshal(ask)
	if err != nil {
		return fmt.Errorf("telegram %s: %w", method, err)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, t.base+method, bytes.NewReader(body))
	if err != nil {
		return fmt.Errorf("telegram %s: %w", method, silent(err))
	}
	req.Header.Set("Content-Type", "application/json")
	res, err := t.client.Do(req)
	if err != nil {
		return fmt.Errorf("telegram %s: %w", method, silent(err))
	}
	defer func() { _ = res.Body.Close() }()
	text, err := io.ReadAll(io.LimitReader(res.Body, 4<<20))
	if err != nil {
		return fmt.Errorf("telegram %s: %w", method, err)
	}
	var answer struct {
		OK          bool            `json:"ok"`
		Description string          `json:"description"`
		Result      json.RawMessage `json:"result"`
		Parameters  struct {
			RetryAfter int `json:"retry_after"`
		} `json:"parameters"`
	}
	if err := json.Unmarshal(text, &answer); err != nil {
		return fmt.Errorf("telegram %s: %w", method, &answered{FaultAnswer, res.StatusCode, "no JSON"})
	}
	if !answer.OK {
		description := said([]byte(strings.ReplaceAll(answer.Description, t.token, "***")))
		switch res.StatusCode {
		case http.StatusTooManyRequests:
			return fmt.Errorf("telegram %s: %w", method, &TooFast{time.Duration(answer.Parameters.RetryAfter) * time.Second})
		case http.StatusBadRequest, http.StatusForbidden: // no such chat; the person blocked the bot
			return fmt.Errorf("telegram %s: %w: %w", method, &answered{FaultAddress, res.StatusCode, description}, ErrRefused)
		case http.StatusUnauthorized, http.StatusNotFound: // a token that is no more, or never was one
			return fmt.Errorf("telegram %s: %w", method, &answered{FaultCredentials, res.StatusCode, description})
		}
		return fmt.Errorf("telegram %s: %w", method, &answered{FaultAnswer, res.StatusCode, description})
	}
	if into == nil {
		return nil
	}
	if err := json.Unmarshal(answer.Result, into); err != nil {
		return fmt.Errorf("telegram %s: %w", method, err)
	}
	return nil
}

// Send implements [Sender]; To is a chat.
func (t *Telegram) Send(ctx context.Context, m Message) error {
	ctx, cancel := context.WithTimeout(ctx, sendLimit)
	defer cancel()
	text := m.Text
	if m.Subject != "" {
		text = m.Subject + "\n\n" + text
	}
	const most = 4096 // characters of one message, by the Bot API
	if r := []rune(text); len(r) > most {
		text = string(r[:most-1]) + "…"
	}
	// No parse_mode: what stands in the text is text, whatever a till is called.
	return t.call(ctx, "sendMessage", map[string]any{
		"chat_id": m.To, "text": text, "link_preview_options": map[string]bool{"is_disabled": true},
	}, nil)
}

// Name gives the bot's name, without which nobody finds it.
func (t *Telegram) Name(ctx context.Context) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, sendLimit)
	defer cancel()
	var me struct {
		Username string `json:"username"`
	}
	err := t.call(ctx, "getMe", struct{}{}, &me)
	return me.Username, err
}

// Updates waits for messages from one number on, for up to pollFor. Asking for a number tells Telegram to forget the earlier ones.
func (t *Telegram) Updates(ctx context.Context, from int64) ([]Update, error) {
	var got []struct {
		ID      int64 `json:"update_id"`
		Message struct {
			Text string `json:"text"`
			Chat struct {
				ID   int64  `json:"id"`
				Type string `json:"type"`
			} `json:"chat"`
			From struct {
				FirstName string `json:"first_name"`
				Username  string `json:"username"`
			} `json:"from"`
		} `json:"message"`
	}
	if err := t.call(ctx, "getUpdates", map[string]any{
		"offset": from, "timeout": int(pollFor / time.Second), "allowed_updates": []string{"message"},
	}, &got); err != nil {
		return nil, err
	}
	list := make([]Update, 0, len(got))
	for _, u := range got {
		name := u.Message.From.FirstName
		if u.Message.From.Username != "" {
			name = "@" + u.Message.From.Username
		}
		list = append(list, Update{
			ID: u.ID, Chat: strconv.FormatInt(u.Message.Chat.ID, 10), Name: said([]byte(name)), Text: u.Message.Text, Private: u.Message.Chat.Type == "private",
		})
	}
	return list, nil
}
