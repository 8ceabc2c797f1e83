package store

import (
	"crypto/rand"
	"encoding/base32"
	"time"
)

var idText = base32.NewEncoding("0123456789abcdefghjkmnpqrstvwxyz").WithPadding(base32.NoPadding)

// NewID makes an id of 16 letters and digits: 80 random bits. It is fit for MQTT topics, certificates and addresses.
func NewID() string {
	var b [10]byte
	_, _ = rand.Read(b[:]) // never fails (crypto/rand)
	return idText.EncodeToString(b[:])
}

// Micros is a time as the database keeps it; zero stays zero.
func Micros(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMicro()
}
