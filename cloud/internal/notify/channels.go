package notify

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"fmt"
	"math/big"
	"net/mail"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/chekan-io/chekan/cloud/internal/access"
	"github.com/chekan-io/chekan/cloud/internal/audit"
	"github.com/chekan-io/chekan/cloud/internal/post"
	"github.com/chekan-io/chekan/cloud/internal/store"
	"github.com/chekan-io/chekan/cloud/internal/store/db"
)

const (
	// codeFor is how long a code is valid; codeTries how often a wrong one may be given; codeEvery how soon another may be sent.
	codeFor, codeTries, codeEvery = 15 * time.Minute, 5, time.Minute
	// mostChannels bounds a person's.
	mostChannels = 10
	// testEvery is how soon another test may be sent.
	testEvery = 10 * time.Second
)

// channels gives a person's ways. Who has made none and has a confirmed e-mail address has that one.
func (n *Notify) channels(ctx context.Context, person string) ([]db.NotifyChannel, error) {
	list, err := n.store.Read().ListNotifyChannels(ctx, person)
	if err != nil {
		return nil, fmt.Errorf("list channels: %w", err)
	}
	if len(list) > 0 {
		return list, nil
	}
	way, err := n.store.Read().GetPersonWay(ctx, person)
	if store.NotFound(err) || err == nil && way.Email == "" {
		return nil, nil
	} else if err != nil {
		return nil, fmt.Errorf("read person: %w", err)
	}
	if _, err := n.store.Read().GetNotifySettings(ctx, person); err == nil {
		return nil, nil // took the last one away, or never wanted one
	} else if !store.NotFound(err) {
		return nil, fmt.Errorf("read settings of person: %w", err)
	}
	now := store.Micros(n.now())
	// One id for one person: two who make it at once make one.
	if err := n.store.Write().CreateNotifyChannel(ctx, db.CreateNotifyChannelParams{
		ID: "first-" + person, PersonID: person, Kind: "mail", Address: way.Email, Secret: []byte{}, CodeHash: []byte{}, ConfirmedAt: now, CreatedAt: now,
	}); err != nil && !store.Exists(err) {
		return nil, fmt.Errorf("store channel: %w", err)
	}
	return n.store.Read().ListNotifyChannels(ctx, person)
}

// Channels gives the caller's.
func (n *Notify) Channels(ctx context.Context, p *access.Person) ([]db.NotifyChannel, error) {
	if p.Key {
		return nil, nil
	}
	return n.channels(ctx, p.ID)
}

// Ways gives the ways that are set up, and of them those whose messages are kept in files.
func (n *Notify) Ways() (kinds, kept []string) {
	kinds = []string{"mail", "sms"}
	for kind, sender := range map[string]post.Sender{"mail": n.post.Mail, "sms": n.post.SMS} {
		if _, folder := sender.(post.Folder); folder {
			kept = append(kept, kind)
		}
	}
	slices.Sort(kept)
	if n.post.Telegram != nil {
		kinds = append(kinds, "telegram")
	}
	return kinds, kept
}

// phone is a number as the world dials it.
var phone = regexp.MustCompile(`^\+[1-9]\d{9,14}$`)

// normal is an address as it is kept; an error says what is wrong with it.
func normal(kind, address string) (string, error) {
	switch kind {
	case "mail":
		a, err := mail.ParseAddress(strings.TrimSpace(address))
		if err != nil || a.Name != "" || len(a.Address) > 254 || strings.ContainsAny(a.Address, "\r\n") {
			return "", invalid("this is no e-mail address: name@example.ru is")
		}
		return a.Address, nil
	case "sms":
		digits := strings.Map(func(r rune) rune {
			if strings.ContainsRune(" -()\u00a0", r) {
				return -1
			}
			return r
		}, address)
		if len(digits) == 11 && digits[0] == '8' { // as people write it in Russia and Kazakhstan
			digits = "+7" + digits[1:]
		}
		if !phone.MatchString(digits) {
			return "", invalid("this is no phone number: +7 916 123-45-67 is")
		}
		return digits, nil
	case "telegram":
		return "", nil
	}
	return "", invalid("way is mail, sms or telegram")
}

// masked is an address as the journal of acts shows it.
func masked(c db.NotifyChannel) string {
	a := c.Address
	switch {
	case c.Kind == "mail":
		name, domain, _ := strings.Cut(a, "@")
		return c.Kind + " " + name[:min(2, len(name))] + "…@" + domain
	case c.Kind == "sms" && len(a) > 4:
		return c.Kind + " …" + a[len(a)-4:]
	}
	return c.Kind + " " + c.Name
}

func codeHash(salt, code string) []byte {
	sum := sha256.Sum256([]byte(salt + "\x00" + strings.ToLower(strings.TrimSpace(code))))
	return sum[:]
}

// Added is a new channel with what confirms it: a code that was sent, or of Telegram one to send to the bot.
type Added struct {
	Channel db.NotifyChannel
	Code    string
	Link    string
}

// AddChannel adds a way and sends a code to it. One that is there and not confirmed gets a new code.
func (n *Notify) AddChannel(ctx context.Context, p *access.Person, kind, address string) (Added, error) {
	if err := human(p); err != nil {
		return Added{}, err
	}
	address, err := normal(kind, address)
	if err != nil {
		return Added{}, err
	}
	if kind == "telegram" && n.post.Telegram == nil {
		return Added{}, ErrNoWay
	}
	list, err := n.channels(ctx, p.ID)
	if err != nil {
		return Added{}, err
	}
	now := n.now()
	for _, c := range list {
		if c.Kind != kind || c.Address != address || kind == "telegram" && c.ConfirmedAt != 0 {
			continue
		}
		if c.ConfirmedAt != 0 {
			return Added{Channel: c}, nil
		}
		if kind != "telegram" && now.Before(at(c.CodeEndsAt).Add(codeEvery-codeFor)) {
			return Added{}, ErrTooOften
		}
		return n.sendCode(ctx, p, c)
	}
	if len(list) >= mostChannels {
		return Added{}, invalid("there are %d channels already: take one away first", mostChannels)
	}
	way, err := n.store.Read().GetPersonWay(ctx, p.ID)
	if err != nil {
		return Added{}, fmt.Errorf("read person: %w", err)
	}
	c := db.NotifyChannel{ID: store.NewID(), PersonID: p.ID, Kind: kind, Address: address, Secret: []byte{}, CodeHash: []byte{}, CreatedAt: store.Micros(now)}
	// An address by which the person comes in was confirmed there.
	if kind == "mail" && way.Email != "" && strings.EqualFold(way.Email, address) || kind == "sms" && way.Phone == address {
		c.ConfirmedAt = store.Micros(now)
	}
	err = n.store.Tx(ctx, func(q *db.Queries) error {
		if err := q.CreateNotifyChannel(ctx, db.CreateNotifyChannelParams{
			ID: c.ID, PersonID: c.PersonID, Kind: c.Kind, Address: c.Address, Secret: c.Secret, CodeHash: c.CodeHash, ConfirmedAt: c.ConfirmedAt, CreatedAt: c.CreatedAt,
		}); err != nil {
			return fmt.Errorf("store channel: %w", err)
		}
		return audit.Note(ctx, q, audit.Entry{OrganisationID: p.OrganisationID, Act: "notify.channel.added", Object: c.ID, Name: p.Login, New: masked(c)})
	})
	if err != nil || c.ConfirmedAt != 0 {
		return Added{Channel: c}, err
	}
	return n.sendCode(ctx, p, c)
}

// sendCode gives a channel a new code, and sends it.
func (n *Notify) sendCode(ctx context.Context, p *access.Person, c db.NotifyChannel) (Added, error) {
	a := Added{Channel: c}
	code, salt := digits(6), c.ID
	if c.Kind == "telegram" {
		code, salt = store.NewID(), "telegram"
		a.Code = code
		if name := n.botName(ctx); name != "" {
			a.Link = "https://t.me/" + name + "?start=" + code
		}
	}
	if err := n.store.Write().SetNotifyCode(ctx, db.SetNotifyCodeParams{ID: c.ID, CodeHash: codeHash(salt, code), CodeEndsAt: store.Micros(n.now().Add(codeFor))}); err != nil {
		return a, fmt.Errorf("store code: %w", err)
	}
	if c.Kind == "telegram" {
		return a, nil
	}
	s, err := n.Settings(ctx, p)
	if err != nil {
		return a, err
	}
	w := wordsIn(s.Language)
	m := post.Message{ID: store.NewID(), To: c.Address, Text: put(w.Code.Text, "code", code)}
	if c.Kind == "mail" {
		m.Subject = w.Code.Subject
	}
	if err := n.give(ctx, c.Kind, m); err != nil {
		n.log.WarnContext(ctx, "code not sent", "kind", c.Kind, "error", err)
		a.Channel.Error, a.Channel.FailedAt = trouble(err), store.Micros(n.now())
		if err := n.store.Write().NoteNotifyFailed(ctx, db.NoteNotifyFailedParams{ID: c.ID, Now: a.Channel.FailedAt, Error: a.Channel.Error}); err != nil {
			return a, fmt.Errorf("note failure: %w", err)
		}
	}
	return a, nil
}

func digits(count int) string {
	var b strings.Builder
	for range count {
		n, _ := rand.Int(rand.Reader, big.NewInt(10)) // never fails (crypto/rand)
		b.WriteString(n.String())
	}
	return b.String()
}

// own finds a channel of the caller's.
func (n *Notify) own(ctx context.Context, p *access.Person, id string) (db.NotifyChannel, error) {
	c, err := n.store.Read().GetNotifyChannel(ctx, id)
	if store.NotFound(err) || err == nil && (c.PersonID == "" || c.PersonID != p.ID || p.Key) {
		return c, ErrNotFound
	} else if err != nil {
		return c, fmt.Errorf("find channel: %w", err)
	}
	return c, nil
}

// ConfirmChannel takes the code that was sent to a channel.
func (n *Notify) ConfirmChannel(ctx context.Context, p *access.Person, id, code string) (db.NotifyChannel, error) {
	c, err := n.own(ctx, p, id)
	if err != nil {
		return c, err
	}
	switch {
	case c.ConfirmedAt != 0:
		return c, nil
	case c.CodeTries >= codeTries:
		return c, ErrTooOften
	case c.Kind == "telegram": // the bot takes it
		return c, ErrCode
	}
	if n.now().After(at(c.CodeEndsAt)) || subtle.ConstantTimeCompare(c.CodeHash, codeHash(c.ID, code)) != 1 {
		if err := n.store.Write().CountNotifyTry(ctx, c.ID); err != nil {
			return c, fmt.Errorf("count try: %w", err)
		}
		return c, ErrCode
	}
	return n.confirmed(ctx, p.OrganisationID, p.Login, c, c.Address, c.Name)
}

func (n *Notify) confirmed(ctx context.Context, organisation, login string, c db.NotifyChannel, address, name string) (db.NotifyChannel, error) {
	err := n.store.Tx(ctx, func(q *db.Queries) error {
		if _, err := q.ConfirmNotifyChannel(ctx, db.ConfirmNotifyChannelParams{ID: c.ID, Now: store.Micros(n.now()), Address: address, Name: name}); err != nil {
			return fmt.Errorf("confirm channel: %w", err)
		}
		c.Address, c.Name = address, name
		return audit.Note(ctx, q, audit.Entry{OrganisationID: organisation, Act: "notify.channel.confirmed", Object: c.ID, Name: login, New: masked(c)})
	})
	if err != nil {
		return c, err
	}
	return n.store.Read().GetNotifyChannel(ctx, c.ID)
}

// DeleteChannel takes a channel of the caller's away; what waits for it is not sent.
func (n *Notify) DeleteChannel(ctx context.Context, p *access.Person, id string) error {
	c, err := n.own(ctx, p, id)
	if err != nil {
		return err
	}
	s, err := n.Settings(ctx, p)
	if err != nil {
		return err
	}
	return n.store.Tx(ctx, func(q *db.Queries) error {
		if err := q.DropNotifyOutboxOfChannel(ctx, id); err != nil {
			return fmt.Errorf("drop messages: %w", err)
		}
		if _, err := q.DeleteNotifyChannel(ctx, id); err != nil {
			return fmt.Errorf("delete channel: %w", err)
		}
		// Whose last one it was does not get the first one back.
		if err := putSettings(ctx, q, p.ID, s); err != nil {
			return err
		}
		return audit.Note(ctx, q, audit.Entry{OrganisationID: p.OrganisationID, Act: "notify.channel.deleted", Object: id, Name: p.Login, Old: masked(c)})
	})
}

// TestChannel sends a message to a channel of the caller's, now, and tells why it was not taken, for [post.ReadTrouble]; empty when it was.
func (n *Notify) TestChannel(ctx context.Context, p *access.Person, id string) (refusal string, err error) {
	c, err := n.own(ctx, p, id)
	if err != nil {
		return "", err
	}
	if c.ConfirmedAt == 0 {
		return "", invalid("this channel is not confirmed yet")
	}
	now := n.now()
	if now.Sub(at(max(c.SentAt, c.FailedAt))) < testEvery {
		return "", ErrTooOften
	}
	s, err := n.Settings(ctx, p)
	if err != nil {
		return "", err
	}
	w := wordsIn(s.Language)
	m := post.Message{ID: store.NewID(), To: c.Address, Subject: w.Test.Subject, Text: w.Test.Text}
	if c.Kind == "sms" {
		m.Subject = ""
	}
	failure := n.give(ctx, c.Kind, m)
	err = n.store.Tx(ctx, func(q *db.Queries) error {
		if failure != nil {
			refusal = trouble(failure)
			if err := q.NoteNotifyFailed(ctx, db.NoteNotifyFailedParams{ID: id, Now: store.Micros(now), Error: refusal}); err != nil {
				return fmt.Errorf("note failure: %w", err)
			}
		} else if err := q.NoteNotifySent(ctx, db.NoteNotifySentParams{ID: id, Now: store.Micros(now)}); err != nil {
			return fmt.Errorf("note message: %w", err)
		}
		return audit.Note(ctx, q, audit.Entry{OrganisationID: p.OrganisationID, Act: "notify.channel.tested", Object: id, Name: p.Login, New: masked(c)})
	})
	return refusal, err
}
