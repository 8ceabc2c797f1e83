package access

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// secrets are keys that stand in no database, made of the authority's key: short codes are hashed with them, for a hash of six
// digits alone is no secret, and what has to be read again is sealed.
type secrets struct {
	mac  []byte
	seal cipher.AEAD
}

func newSecrets(a *Authority) (*secrets, error) {
	master, err := a.key.Bytes()
	if err != nil {
		return nil, fmt.Errorf("make keys: %w", err)
	}
	derive := func(purpose string) ([]byte, error) {
		return hkdf.Key(sha256.New, master, nil, "chekan cabinet: "+purpose, 32)
	}
	mac, err := derive("codes")
	if err != nil {
		return nil, fmt.Errorf("make keys: %w", err)
	}
	key, err := derive("sealing")
	if err != nil {
		return nil, fmt.Errorf("make keys: %w", err)
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, fmt.Errorf("make keys: %w", err)
	}
	gcm, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		return nil, fmt.Errorf("make keys: %w", err)
	}
	return &secrets{mac: mac, seal: gcm}, nil
}

// hash is a keyed hash of some texts; none of them can run over into the next.
func (s *secrets) hash(purpose string, texts ...string) []byte {
	mac := hmac.New(sha256.New, s.mac)
	for _, text := range append([]string{purpose}, texts...) {
		mac.Write([]byte(strconv.Itoa(len(text)) + ":" + text))
	}
	return mac.Sum(nil)
}

// shut seals what is of somebody; it opens for nobody else.
func (s *secrets) shut(plain []byte, of string) []byte {
	return s.seal.Seal(nil, nil, plain, []byte(of))
}

func (s *secrets) open(sealed []byte, of string) ([]byte, error) {
	plain, err := s.seal.Open(nil, nil, sealed, []byte(of))
	if err != nil {
		return nil, errors.New("a sealed secret does not open: the authority's key is another one")
	}
	return plain, nil
}

// longToken is the content of the long cookie: device, generation, and a proof that we wrote both.
func (s *secrets) longToken(device string, generation int64) string {
	n := strconv.FormatInt(generation, 10)
	return device + "." + n + "." + base64.RawURLEncoding.EncodeToString(s.hash("long", device, n))
}

// readLong reads a long cookie; false when we did not write it.
func (s *secrets) readLong(token string) (device string, generation int64, ok bool) {
	fields := strings.Split(token, ".")
	if len(fields) != 3 {
		return "", 0, false
	}
	generation, err := strconv.ParseInt(fields[1], 10, 64)
	if err != nil || !hmac.Equal([]byte(s.longToken(fields[0], generation)), []byte(token)) {
		return "", 0, false
	}
	return fields[0], generation, true
}

// newToken gives 256 random bits as text.
func newToken() string {
	b := make([]byte, 32)
	_, _ = rand.Read(b) // never fails (crypto/rand)
	return base64.RawURLEncoding.EncodeToString(b)
}

// newCode gives a code to be sent: decimal digits.
func newCode() string {
	b := make([]byte, 0, codeDigits)
	one := make([]byte, 1)
	for len(b) < codeDigits {
		_, _ = rand.Read(one) // never fails (crypto/rand)
		if one[0] < 250 {     // no bias
			b = append(b, '0'+one[0]%10)
		}
	}
	return string(b)
}
