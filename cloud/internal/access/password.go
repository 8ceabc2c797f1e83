package access

import (
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"fmt"
	"strings"
	"sync/atomic"

	"golang.org/x/crypto/argon2"
)

// Cost of a password check: OWASP's second profile with more memory. About 40 ms, and no more than hashesAtOnce run together,
// so that a flood of sign-ins cannot take the machine's memory.
const (
	argonTime    = 2
	usualMemory  = 32 << 10 // KiB
	argonThreads = 1
	argonKey     = 32
	argonSalt    = 16
	hashesAtOnce = 2
)

// argonMemory is in KiB. It is no constant, for tests sign in more often in a second than people do in a year.
var argonMemory uint32 = usualMemory

var hashing = make(chan struct{}, hashesAtOnce)

// hashed counts the checks that were made: who is unknown must cost as many as who is known.
var hashed atomic.Int64

func argon(password string, salt []byte, time, memory uint32, threads uint8, length uint32) []byte {
	hashed.Add(1)
	hashing <- struct{}{}
	defer func() { <-hashing }()
	return argon2.IDKey([]byte(password), salt, time, memory, threads, length)
}

// hashPassword gives the usual text form: $argon2id$v=19$m=32768,t=2,p=1$salt$key.
func hashPassword(password string) (string, error) {
	salt := make([]byte, argonSalt)
	if _, err := rand.Read(salt); err != nil {
		return "", fmt.Errorf("make salt: %w", err)
	}
	key := argon(password, salt, argonTime, argonMemory, argonThreads, argonKey)
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, argonMemory, argonTime, argonThreads,
		base64.RawStdEncoding.EncodeToString(salt), base64.RawStdEncoding.EncodeToString(key)), nil
}

func checkPassword(hash, password string) bool {
	fields := strings.Split(hash, "$")
	if len(fields) != 6 || fields[1] != "argon2id" {
		return false
	}
	var (
		version      int
		memory, time uint32
		threads      uint8
	)
	if _, err := fmt.Sscanf(fields[2], "v=%d", &version); err != nil || version != argon2.Version {
		return false
	}
	if _, err := fmt.Sscanf(fields[3], "m=%d,t=%d,p=%d", &memory, &time, &threads); err != nil {
		return false
	}
	salt, err := base64.RawStdEncoding.DecodeString(fields[4])
	if err != nil {
		return false
	}
	want, err := base64.RawStdEncoding.DecodeString(fields[5])
	if err != nil || len(want) == 0 {
		return false
	}
	got := argon(password, salt, time, memory, threads, uint32(len(want)))
	return subtle.ConstantTimeCompare(got, want) == 1
}

// letters are those that nobody confuses when reading them off a screen.
const letters = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"

// randomText gives n of the letters.
func randomText(n int) string {
	b := make([]byte, n)
	_, _ = rand.Read(b) // never fails (crypto/rand)
	for i := range b {
		b[i] = letters[int(b[i])%len(letters)] // 32 letters: no bias
	}
	return string(b)
}

// randomPassword gives 80 random bits in four groups.
func randomPassword() string {
	t := strings.ToLower(randomText(16))
	return t[:4] + "-" + t[4:8] + "-" + t[8:12] + "-" + t[12:]
}
