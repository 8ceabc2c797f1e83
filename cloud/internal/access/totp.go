package access

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha1" // RFC 6238: authenticator applications know no other hash
	"crypto/subtle"
	"encoding/base32"
	"encoding/binary"
	"fmt"
	"net/url"
	"strings"
	"time"
)

// Time-based codes as every authenticator application makes them: RFC 6238 with SHA-1, 6 digits, 30 seconds.
const (
	totpStep   = 30 * time.Second
	totpDigits = 6
	totpSecret = 20 // bytes: RFC 4226 section 4 asks for as many as the hash has
	// totpSkew is how many steps a clock may be off, to either side.
	totpSkew = 1
)

var totpText = base32.StdEncoding.WithPadding(base32.NoPadding)

// hotp is the code of a counter (RFC 4226 section 5.3).
func hotp(secret []byte, counter uint64, digits int) string {
	mac := hmac.New(sha1.New, secret)
	_ = binary.Write(mac, binary.BigEndian, counter) // a hash takes everything
	sum := mac.Sum(nil)
	at := sum[len(sum)-1] & 0xf
	n := binary.BigEndian.Uint32(sum[at:]) & 0x7fffffff
	mod := uint32(1)
	for range digits {
		mod *= 10
	}
	return fmt.Sprintf("%0*d", digits, n%mod)
}

// totpStepOf gives the time step whose code this is, later than last; 0 when it is none.
func totpStepOf(secret []byte, code string, last int64, now time.Time) int64 {
	code = onlyDigits(code)
	present := now.Unix() / int64(totpStep/time.Second)
	var found int64
	for step := present - totpSkew; step <= present+totpSkew; step++ {
		if subtle.ConstantTimeCompare([]byte(hotp(secret, uint64(step), totpDigits)), []byte(code)) == 1 && step > last {
			found = step
		}
	}
	return found
}

// onlyDigits takes away what people type between digits.
func onlyDigits(code string) string {
	return strings.Map(func(r rune) rune {
		if r == ' ' || r == '-' || r == '\u00a0' {
			return -1
		}
		return r
	}, code)
}

func newTOTPSecret() []byte {
	secret := make([]byte, totpSecret)
	_, _ = rand.Read(secret) // never fails (crypto/rand)
	return secret
}

// totpURI is what authenticator applications read from a picture: the Key Uri Format of Google Authenticator.
func totpURI(issuer, account string, secret []byte) string {
	query := url.Values{"secret": {totpText.EncodeToString(secret)}, "issuer": {issuer}}
	// Applications show a plus sign for a blank when it is not %20.
	return "otpauth://totp/" + url.PathEscape(issuer+":"+account) + "?" + strings.ReplaceAll(query.Encode(), "+", "%20")
}

// grouped puts blanks between groups of four, to be typed from a screen.
func grouped(text string) string {
	var b strings.Builder
	for i, r := range text {
		if i > 0 && i%4 == 0 {
			b.WriteByte(' ')
		}
		b.WriteRune(r)
	}
	return b.String()
}
