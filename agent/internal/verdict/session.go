package verdict

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"net/http"
	"sync"
	"time"
)

const (
	cookieName  = "chekan_page"
	sessionLife = 30 * 24 * time.Hour
	linkLife    = 2 * time.Minute
	mostLinks   = 16
	nonceSize   = 16
)

// sessions opens them by one-time links. A session is a signed cookie, so that
// it outlives a restart of the agent; who replaces the door's token ends all.
type sessions struct {
	secret []byte
	mu     sync.Mutex
	links  map[string]time.Time // code: until
}

func newSessions(token string) *sessions {
	m := hmac.New(sha256.New, []byte(token))
	_, _ = m.Write([]byte("sessions of the page")) // never fails
	return &sessions{secret: m.Sum(nil), links: map[string]time.Time{}}
}

// link gives a code that opens one session.
func (s *sessions) link(now time.Time) (code string, until time.Time, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for c, t := range s.links {
		if now.After(t) {
			delete(s.links, c)
		}
	}
	if len(s.links) >= mostLinks {
		return "", time.Time{}, false
	}
	code, until = rand.Text(), now.Add(linkLife)
	s.links[code] = until
	return code, until, true
}

// open spends a code.
func (s *sessions) open(code string, now time.Time) (*http.Cookie, bool) {
	s.mu.Lock()
	until, ok := s.links[code]
	delete(s.links, code)
	s.mu.Unlock()
	if !ok || now.After(until) {
		return nil, false
	}
	text := make([]byte, 8+nonceSize)
	binary.BigEndian.PutUint64(text, uint64(now.Add(sessionLife).Unix()))
	_, _ = rand.Read(text[8:]) // never fails
	return &http.Cookie{
		Name: cookieName, Value: base64.RawURLEncoding.EncodeToString(append(text, s.sign(text)...)),
		Path: "/", MaxAge: int(sessionLife / time.Second), HttpOnly: true, SameSite: http.SameSiteStrictMode,
	}, true
}

// valid tells whether the request belongs to a session.
func (s *sessions) valid(r *http.Request, now time.Time) bool {
	c, err := r.Cookie(cookieName)
	if err != nil {
		return false
	}
	b, err := base64.RawURLEncoding.DecodeString(c.Value)
	if err != nil || len(b) != 8+nonceSize+sha256.Size {
		return false
	}
	text, sum := b[:8+nonceSize], b[8+nonceSize:]
	return hmac.Equal(sum, s.sign(text)) && now.Unix() < int64(binary.BigEndian.Uint64(text))
}

func (s *sessions) sign(text []byte) []byte {
	m := hmac.New(sha256.New, s.secret)
	_, _ = m.Write(text) // never fails
	return m.Sum(nil)
}

// sameText compares secrets in constant time.
func sameText(a, b string) bool { return hmac.Equal([]byte(a), []byte(b)) }
