package uplink

import (
	"crypto/x509"
	"time"
)

// Authority is the cabinet's own authority, which signed us and signs the doors
// that agents use.
func (id *Identity) Authority() *x509.Certificate { return id.authority }

// Born is when our certificate was issued: a time that is over for sure.
func (id *Identity) Born() time.Time { return id.cert.Leaf.NotBefore }
