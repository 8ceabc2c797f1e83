package documents

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"net/mail"
	"strings"
	"time"

	"github.com/chekan-io/chekan/cloud/internal/audit"
	"github.com/chekan-io/chekan/cloud/internal/store"
	"github.com/chekan-io/chekan/cloud/internal/store/db"
	cabinetv1 "github.com/chekan-io/chekan/proto/gen/cabinet/v1"
)

// Why a link shows nothing.
var (
	// ErrNoLink says that a word was never given out.
	ErrNoLink = fmt.Errorf("no such link: %w", ErrNotFound)
	// ErrLinkEnded says that a link is over: its time is up.
	ErrLinkEnded = errors.New("the time of the link is up")
	// ErrLinkRevoked says that the shop ended a link.
	ErrLinkRevoked = errors.New("the link was ended by the shop")
)

const (
	// linkDays is how long a link lasts when nobody says; linkDaysMost bounds what may be said.
	linkDays, linkDaysMost = 30, 365
	// A word is random bytes with the beginning of their signature, so that a guess is refused before anybody looks for it.
	wordRandom, wordSigned = 18, 9
)

// Link is a link to one receipt.
type Link struct {
	OrganisationID, FN string
	FD                 uint32
	Expires            time.Time
}

// NewLink says what a link is made for.
type NewLink struct {
	OrganisationID, FN string
	FD                 uint32
	// Days it lasts; 0 is 30.
	Days uint32
	// PersonID and Person made it.
	PersonID, Person string
	// Way is mail or sms, To whom it goes; both empty for a link that is copied.
	Way, To string
}

// linkKey is what words are signed with.
func (d *Documents) linkKey(ctx context.Context) ([]byte, error) {
	d.links.mu.Lock()
	defer d.links.mu.Unlock()
	if d.links.key != nil {
		return d.links.key, nil
	}
	key, err := d.store.Read().GetLinkKey(ctx)
	if store.NotFound(err) {
		fresh := make([]byte, sha256.Size)
		_, _ = rand.Read(fresh) // never fails (crypto/rand)
		if err := d.store.Write().PutLinkKey(ctx, fresh); err != nil {
			return nil, fmt.Errorf("keep key of links: %w", err)
		}
		key, err = d.store.Write().GetLinkKey(ctx) // another cabinet may have been first
	}
	if err != nil {
		return nil, fmt.Errorf("read key of links: %w", err)
	}
	d.links.key = key
	return key, nil
}

func signed(key, random []byte) []byte {
	mac := hmac.New(sha256.New, key)
	mac.Write(random)
	return append(random[:len(random):len(random)], mac.Sum(nil)[:wordSigned]...)
}

// genuine tells whether a word was made with a key.
func genuine(key []byte, word string) bool {
	raw, err := base64.RawURLEncoding.DecodeString(word)
	return err == nil && len(raw) == wordRandom+wordSigned && hmac.Equal(raw, signed(key, raw[:wordRandom]))
}

func hashOf(word string) []byte {
	sum := sha256.Sum256([]byte(word))
	return sum[:]
}

// MakeLink makes a link to a receipt and gives its word, which is kept nowhere.
func (d *Documents) MakeLink(ctx context.Context, n NewLink) (*cabinetv1.ReceiptLink, string, error) {
	if n.Days > linkDaysMost {
		return nil, "", fmt.Errorf("a link lasts 1 to %d days: %w", linkDaysMost, ErrInvalid)
	}
	if n.Days == 0 {
		n.Days = linkDays
	}
	doc, err := d.Document(ctx, n.OrganisationID, n.FN, n.FD)
	if err != nil {
		return nil, "", err
	}
	if !isReceipt(int32(doc.Document.GetType())) {
		return nil, "", fmt.Errorf("document %d is no receipt, buyers are given links to receipts only: %w", n.FD, ErrInvalid)
	}
	key, err := d.linkKey(ctx)
	if err != nil {
		return nil, "", err
	}
	random := make([]byte, wordRandom)
	_, _ = rand.Read(random)
	word := base64.RawURLEncoding.EncodeToString(signed(key, random))
	now := d.now()
	row := db.ReceiptLink{
		OrganisationID: n.OrganisationID, ID: store.NewID(), Hash: hashOf(word), FN: n.FN, FD: int64(n.FD), PersonID: n.PersonID, Person: n.Person,
		CreatedAt: store.Micros(now), ExpiresAt: store.Micros(now.AddDate(0, 0, int(n.Days))), Way: n.Way, SentTo: masked(n.To),
	}
	act, what := "link.created", fmt.Sprintf("%d дн.", n.Days)
	if n.Way != "" {
		act, what = "link.sent", row.SentTo+", "+what
	}
	err = d.store.Tx(ctx, func(q *db.Queries) error {
		if err := q.CreateReceiptLink(ctx, db.CreateReceiptLinkParams{
			OrganisationID: row.OrganisationID, ID: row.ID, Hash: row.Hash, FN: row.FN, FD: row.FD, PersonID: row.PersonID, Person: row.Person,
			CreatedAt: row.CreatedAt, ExpiresAt: row.ExpiresAt, Way: row.Way, SentTo: row.SentTo,
		}); err != nil {
			return fmt.Errorf("store link: %w", err)
		}
		return audit.Note(ctx, q, audit.Entry{OrganisationID: n.OrganisationID, Act: act, Object: row.ID, Name: receiptName(n.FN, n.FD), New: what})
	})
	if err != nil {
		return nil, "", err
	}
	return linkView(row), word, nil
}

func receiptName(fn string, fd uint32) string { return fmt.Sprintf("ФН %s, ФД %d", fn, fd) }

// Links gives the links of a receipt, newest first.
func (d *Documents) Links(ctx context.Context, organisation, fn string, fd uint32) ([]*cabinetv1.ReceiptLink, error) {
	rows, err := d.store.Read().ListReceiptLinks(ctx, db.ListReceiptLinksParams{OrganisationID: organisation, FN: fn, FD: int64(fd)})
	if err != nil {
		return nil, fmt.Errorf("list links: %w", err)
	}
	list := make([]*cabinetv1.ReceiptLink, 0, len(rows))
	for _, row := range rows {
		list = append(list, linkView(row))
	}
	return list, nil
}

// RevokeLink ends a link of a receipt at once. One that has ended already stays as it is.
func (d *Documents) RevokeLink(ctx context.Context, organisation, id, fn string, fd uint32) (*cabinetv1.ReceiptLink, error) {
	row, err := d.store.Read().GetReceiptLink(ctx, db.GetReceiptLinkParams{OrganisationID: organisation, ID: id})
	if store.NotFound(err) || err == nil && (row.FN != fn || row.FD != int64(fd)) {
		return nil, ErrNoLink
	} else if err != nil {
		return nil, fmt.Errorf("read link: %w", err)
	}
	err = d.store.Tx(ctx, func(q *db.Queries) error {
		n, err := q.RevokeReceiptLink(ctx, db.RevokeReceiptLinkParams{OrganisationID: organisation, ID: id, Now: store.Micros(d.now())})
		if err != nil {
			return fmt.Errorf("end link: %w", err)
		}
		if n == 0 {
			return nil
		}
		return audit.Note(ctx, q, audit.Entry{OrganisationID: organisation, Act: "link.revoked", Object: id, Name: receiptName(fn, fd), Old: row.SentTo})
	})
	if err != nil {
		return nil, err
	}
	if row, err = d.store.Read().GetReceiptLink(ctx, db.GetReceiptLinkParams{OrganisationID: organisation, ID: id}); err != nil {
		return nil, fmt.Errorf("read link: %w", err)
	}
	return linkView(row), nil
}

// OpenLink gives what a word shows and counts that it was opened.
func (d *Documents) OpenLink(ctx context.Context, word string) (Link, error) {
	key, err := d.linkKey(ctx)
	if err != nil {
		return Link{}, err
	}
	if !genuine(key, word) {
		return Link{}, ErrNoLink
	}
	row, err := d.store.Read().FindReceiptLink(ctx, hashOf(word))
	switch {
	case store.NotFound(err):
		return Link{}, ErrNoLink
	case err != nil:
		return Link{}, fmt.Errorf("find link: %w", err)
	case row.RevokedAt != 0:
		return Link{}, ErrLinkRevoked
	case row.ExpiresAt <= store.Micros(d.now()):
		return Link{}, ErrLinkEnded
	}
	if err := d.store.Write().OpenReceiptLink(ctx, db.OpenReceiptLinkParams{Hash: row.Hash, Now: store.Micros(d.now())}); err != nil {
		return Link{}, fmt.Errorf("count opening of link: %w", err)
	}
	return Link{OrganisationID: row.OrganisationID, FN: row.FN, FD: uint32(row.FD), Expires: time.UnixMicro(row.ExpiresAt)}, nil
}

func linkView(row db.ReceiptLink) *cabinetv1.ReceiptLink {
	return &cabinetv1.ReceiptLink{
		Id: row.ID, CreatedMs: row.CreatedAt / 1000, ExpiresMs: row.ExpiresAt / 1000, RevokedMs: row.RevokedAt / 1000, Person: row.Person,
		Way: row.Way, SentTo: row.SentTo, Opened: uint32(row.Opened), OpenedMs: row.OpenedAt / 1000,
	}
}

// AddressOf tells by which way a receipt reaches what somebody wrote as e-mail or phone, and how that is written.
func AddressOf(text string) (way, to string, err error) {
	text = strings.TrimSpace(text)
	if len(text) > maxText || !store.Keeps(text) {
		return "", "", fmt.Errorf("address of the buyer: %w", ErrInvalid)
	}
	if strings.Contains(text, "@") {
		a, err := mail.ParseAddress(text)
		if err != nil || a.Address != text || !strings.Contains(text[strings.LastIndex(text, "@"):], ".") {
			return "", "", fmt.Errorf("%q is no address of e-mail: write it like name@example.com: %w", text, ErrInvalid)
		}
		return "mail", text, nil
	}
	phone := store.FoldBuyer(text)
	if len(phone) < 11 || len(phone) > 16 || phone[0] != '+' {
		return "", "", fmt.Errorf("%q is neither a phone nor an address of e-mail: write it like +79161234567 or name@example.com: %w", text, ErrInvalid)
	}
	return "sms", phone, nil
}

// masked leaves of an address what its owner knows it by.
func masked(to string) string {
	if name, domain, ok := strings.Cut(to, "@"); ok {
		first := []rune(name)
		return string(first[:min(1, len(first))]) + "…@" + domain
	}
	if len(to) < 8 {
		return ""
	}
	return to[:2] + "…" + to[len(to)-4:]
}
