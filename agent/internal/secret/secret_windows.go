package secret

import (
	"bytes"
	"errors"
	"fmt"
	"runtime"
	"unsafe"

	"golang.org/x/sys/windows"
)

// Sealed tells whether [Seal] changes anything on this system.
const Sealed = true

// purpose is mixed into the seal (pOptionalEntropy), so that a program which
// opens any blob it is handed does not open ours by accident. It is no secret.
var purpose = []byte("chekan-agent key 1")

// Seal protects bytes by a key of this computer (CryptProtectData with
// CRYPTPROTECT_LOCAL_MACHINE): only here can they be opened again.
func Seal(plain []byte) ([]byte, error) {
	var out windows.DataBlob
	err := windows.CryptProtectData(blob(plain), nil, blob(purpose), 0, nil, windows.CRYPTPROTECT_LOCAL_MACHINE|windows.CRYPTPROTECT_UI_FORBIDDEN, &out)
	runtime.KeepAlive(plain)
	if err != nil {
		return nil, fmt.Errorf("seal: %w", err)
	}
	return take(out)
}

// Open gives back what [Seal] got. Bytes sealed on another computer, or changed
// since, are an error.
func Open(sealed []byte) ([]byte, error) {
	var out windows.DataBlob
	err := windows.CryptUnprotectData(blob(sealed), nil, blob(purpose), 0, nil, windows.CRYPTPROTECT_UI_FORBIDDEN, &out)
	runtime.KeepAlive(sealed)
	if err != nil {
		return nil, fmt.Errorf("open what this computer sealed: %w", err)
	}
	return take(out)
}

func blob(b []byte) *windows.DataBlob {
	return &windows.DataBlob{Size: uint32(len(b)), Data: unsafe.SliceData(b)}
}

// take copies what the system allocated, wipes it there and gives it back.
func take(out windows.DataBlob) ([]byte, error) {
	if out.Data == nil {
		return nil, errors.New("the system gave nothing")
	}
	theirs := unsafe.Slice(out.Data, out.Size)
	ours := bytes.Clone(theirs)
	clear(theirs)
	if _, err := windows.LocalFree(windows.Handle(unsafe.Pointer(out.Data))); err != nil {
		return nil, fmt.Errorf("free: %w", err)
	}
	return ours, nil
}
