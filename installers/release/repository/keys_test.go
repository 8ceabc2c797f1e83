package repository

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

func newKeyFile(t *testing.T, passphrase string) (file string, text []byte) {
	t.Helper()
	k, err := NewKey()
	if err != nil {
		t.Fatal(err)
	}
	file = filepath.Join(t.TempDir(), "key.pem")
	if err := WriteKey(file, k, []byte(passphrase)); err != nil {
		t.Fatal(err)
	}
	if text, err = os.ReadFile(file); err != nil {
		t.Fatal(err)
	}
	return file, text
}

func TestKey(t *testing.T) {
	for _, passphrase := range []string{"", "верная лошадь"} {
		k, err := NewKey()
		if err != nil {
			t.Fatal(err)
		}
		file := filepath.Join(t.TempDir(), "key.pem")
		if err := WriteKey(file, k, []byte(passphrase)); err != nil {
			t.Fatal(err)
		}
		back, err := ReadKey(file, []byte(passphrase))
		if err != nil || !back.Equal(k) {
			t.Errorf("passphrase %q: another key came back, %v", passphrase, err)
		}
		public, err := ReadPublicKey(file + ".pub")
		if err != nil || !public.Equal(k.Public()) {
			t.Errorf("passphrase %q: another public key came back, %v", passphrase, err)
		}
		if _, err := ReadKey(file+".pub", nil); err == nil {
			t.Error("a public key read as a private one")
		}
		if _, err := ReadPublicKey(file); err == nil {
			t.Error("a private key read as a public one")
		}
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		plain, err := x509.MarshalPKCS8PrivateKey(k)
		if err != nil {
			t.Fatal(err)
		}
		block, _ := pem.Decode(text)
		if open := bytes.Contains(block.Bytes, plain[len(plain)-32:]); open != (passphrase == "") {
			t.Errorf("passphrase %q: the key lies open: %v", passphrase, open)
		}
		if err := WriteKey(file, k, nil); !errors.Is(err, fs.ErrExist) {
			t.Errorf("a key written over another: %v", err)
		}
		if now, err := os.ReadFile(file); err != nil || !bytes.Equal(now, text) {
			t.Errorf("the key changed, %v", err)
		}
	}
}

func TestReadKey_mode(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("access is the folder's there")
	}
	file, _ := newKeyFile(t, "")
	info, err := os.Stat(file)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("written with mode %v, %v", info.Mode(), err)
	}
	for mode, fine := range map[fs.FileMode]bool{0o600: true, 0o400: true, 0o640: false, 0o604: false, 0o660: false, 0o666: false, 0o601: false} {
		if err := os.Chmod(file, mode); err != nil {
			t.Fatal(err)
		}
		_, err := ReadKey(file, nil)
		if fine && err != nil || !fine && (err == nil || !strings.Contains(err.Error(), "chmod 600")) {
			t.Errorf("mode %o: %v", mode, err)
		}
	}
}

func TestReadKey_refusals(t *testing.T) {
	_, plain := newKeyFile(t, "")
	_, sealed := newKeyFile(t, "right")
	other, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	elliptical, err := x509.MarshalPKCS8PrivateKey(other)
	if err != nil {
		t.Fatal(err)
	}
	resealed := func(change func(b *pem.Block)) []byte {
		b, _ := pem.Decode(sealed)
		change(b)
		return pem.EncodeToMemory(b)
	}
	for _, bad := range []struct {
		name       string
		text       []byte
		passphrase string
		is         error
	}{
		{"sealed, no passphrase", sealed, "", ErrPassphrase},
		{"sealed, a wrong passphrase", sealed, "wrong", ErrPassphrase},
		{"sealed, a changed byte", resealed(func(b *pem.Block) { b.Bytes[20] ^= 1 }), "right", ErrPassphrase},
		{"sealed, another salt", resealed(func(b *pem.Block) { b.Headers[saltHeader] = strings.Repeat("00", 16) }), "right", ErrPassphrase},
		{"sealed, no salt", resealed(func(b *pem.Block) { delete(b.Headers, saltHeader) }), "right", ErrPassphrase},
		{"sealed, shorter than a nonce", resealed(func(b *pem.Block) { b.Bytes = b.Bytes[:5] }), "right", ErrPassphrase},
		{"sealed, nothing in it", resealed(func(b *pem.Block) { b.Bytes = nil }), "right", ErrPassphrase},
		{"sealed, a salt of no hex", resealed(func(b *pem.Block) { b.Headers[saltHeader] = "salt" }), "right", nil},
		{"empty", nil, "", nil},
		{"garbage", []byte("not a key at all\n"), "", nil},
		{"cut in the middle", plain[:len(plain)/2], "", nil},
		{"another curve", pem.EncodeToMemory(&pem.Block{Type: plainBlock, Bytes: elliptical}), "", nil},
		{"no key inside", pem.EncodeToMemory(&pem.Block{Type: plainBlock, Bytes: []byte("x")}), "", nil},
		{"a certificate", pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: []byte("x")}), "", nil},
	} {
		t.Run(bad.name, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "key.pem")
			if err := os.WriteFile(file, bad.text, 0o600); err != nil {
				t.Fatal(err)
			}
			k, err := ReadKey(file, []byte(bad.passphrase))
			if err == nil || k != nil || !strings.Contains(err.Error(), file) {
				t.Errorf("%v, want no key and an error that names the file", err)
			}
			if bad.is != nil && !errors.Is(err, bad.is) || bad.is == nil && errors.Is(err, ErrPassphrase) {
				t.Errorf("%v, want %v", err, bad.is)
			}
		})
	}
	if _, err := ReadKey(filepath.Join(t.TempDir(), "none"), nil); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("no file: %v", err)
	}
	for name, text := range map[string]string{
		"garbage": "x", "no key": string(pem.EncodeToMemory(&pem.Block{Type: publicBlock, Bytes: []byte("x")})),
	} {
		file := filepath.Join(t.TempDir(), "key.pub")
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if k, err := ReadPublicKey(file); err == nil || k != nil {
			t.Errorf("public, %s: %v", name, err)
		}
	}
}

// FuzzReadKey: no file makes it panic, and no key comes of a file unless the file can be made of it again.
func FuzzReadKey(f *testing.F) {
	for _, passphrase := range []string{"", "p"} {
		k, err := NewKey()
		if err != nil {
			f.Fatal(err)
		}
		file := filepath.Join(f.TempDir(), "key.pem")
		if err := WriteKey(file, k, []byte(passphrase)); err != nil {
			f.Fatal(err)
		}
		text, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(text)
		f.Add(text[:len(text)-10])
	}
	f.Add([]byte("-----BEGIN CHEKAN SEALED KEY-----\nSalt: zz\n\nAAAA\n-----END CHEKAN SEALED KEY-----\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		file := filepath.Join(t.TempDir(), "key.pem")
		if err := os.WriteFile(file, text, 0o600); err != nil {
			t.Fatal(err)
		}
		k, err := ReadKey(file, []byte("p"))
		if (k == nil) != (err != nil) {
			t.Fatalf("a key %v, and %v", k != nil, err)
		}
		if err != nil {
			return
		}
		again := filepath.Join(t.TempDir(), "again.pem")
		if err := WriteKey(again, k, nil); err != nil {
			t.Fatal(err)
		}
		if same, err := ReadKey(again, nil); err != nil || !same.Equal(k) {
			t.Errorf("written and read again: %v", err)
		}
	})
}
