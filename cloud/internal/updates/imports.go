package updates

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"time"

	"github.com/theupdateframework/go-tuf/v2/metadata"
)

// Imported is what an import brought.
type Imported struct {
	// Releases are all that there are now, newest first.
	Releases []Release
	// Binaries is how many files were new.
	Binaries int
	// Root is the SHA-256 of the first root, hex: compare it with the publisher's word at the first import.
	Root string
	// Until is when the signatures end.
	Until time.Time
}

// Import takes the releases of a repository into the folder, when everything of it is signed as it should be: from a root that
// is the one taken before (or anchor, at the first time; without one the first is believed), nothing expired, nothing older than
// what was taken before, every binary as long and as it was signed. Until the last step agents see what was there before.
func (r *Releases) Import(ctx context.Context, from string, anchor []byte) (*Imported, error) {
	var kept *chain
	if _, err := os.Stat(filepath.Join(r.dir, metadataDir, timestampJS)); err == nil {
		if kept, err = verify(r.dir, nil, time.Time{}); err != nil {
			return nil, fmt.Errorf("read what was imported before: %w", err)
		}
	} else if !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("import releases: %w", err)
	}
	next, err := verify(from, kept, r.now().UTC())
	if err != nil {
		return nil, err
	}
	first := next.files[versioned(1, rootJS)]
	if anchor != nil && !bytes.Equal(bytes.TrimSpace(anchor), bytes.TrimSpace(first)) {
		return nil, &Refusal{Text: "Первый корень ключей хранилища не тот, что указан: это хранилище другого издателя или подделка."}
	}
	list, err := releases(next.targets())
	if err != nil {
		return nil, err
	}
	done := &Imported{Releases: list, Until: next.expires()}
	sum := sha256.Sum256(first)
	done.Root = hex.EncodeToString(sum[:])
	for name, target := range next.targets() {
		fresh, err := r.take(ctx, from, name, target)
		if err != nil {
			return nil, err
		}
		if fresh {
			done.Binaries++
		}
	}
	for name, text := range next.files {
		if name == timestampJS {
			continue
		}
		if err := place(filepath.Join(r.dir, metadataDir, name), bytes.NewReader(text)); err != nil {
			return nil, fmt.Errorf("import %s: %w", name, err)
		}
	}
	// From here on the new ones are given out.
	if err := place(filepath.Join(r.dir, metadataDir, timestampJS), bytes.NewReader(next.files[timestampJS])); err != nil {
		return nil, fmt.Errorf("import %s: %w", timestampJS, err)
	}
	return done, nil
}

// take copies one binary, or finds that it is there.
func (r *Releases) take(ctx context.Context, from, name string, target *metadata.TargetFiles) (fresh bool, err error) {
	if !targetForm.MatchString(name) {
		return false, &Refusal{Text: "В хранилище подписан файл, который не похож на выпуск агента: " + name + "."}
	}
	want := target.Hashes["sha256"].String()
	if len(want) != 2*sha256.Size {
		return false, &Refusal{Text: "У файла " + name + " не подписана сумма SHA-256."}
	}
	file := filepath.Join(targetsDir, filepath.FromSlash(path.Dir(name)), want+"."+path.Base(name))
	if have, err := sumOf(ctx, filepath.Join(r.dir, file), target.Length); err == nil && have == want {
		return false, nil
	}
	source, err := os.Open(filepath.Join(from, file))
	if errors.Is(err, fs.ErrNotExist) {
		return false, &Refusal{Text: "В хранилище нет подписанного файла " + name + ".", Err: err}
	} else if err != nil {
		return false, fmt.Errorf("import %s: %w", name, err)
	}
	defer source.Close()
	sum := sha256.New()
	guarded := &until{ctx: ctx, r: io.TeeReader(io.LimitReader(source, target.Length+1), sum)}
	err = place(filepath.Join(r.dir, file), guarded, func(n int64) error {
		if n != target.Length || hex.EncodeToString(sum.Sum(nil)) != want {
			return &Refusal{Text: "Файл " + name + " не тот, что подписан: он подменён или скопирован не до конца."}
		}
		return nil
	})
	if err != nil {
		var refusal *Refusal
		if errors.As(err, &refusal) {
			return false, err
		}
		return false, fmt.Errorf("import %s: %w", name, err)
	}
	return true, nil
}

func sumOf(ctx context.Context, file string, length int64) (string, error) {
	f, err := os.Open(file)
	if err != nil {
		return "", err
	}
	defer f.Close()
	sum := sha256.New()
	if _, err := io.Copy(sum, &until{ctx: ctx, r: io.LimitReader(f, length+1)}); err != nil {
		return "", err
	}
	return hex.EncodeToString(sum.Sum(nil)), nil
}

// until ends a copy with its context.
type until struct {
	ctx context.Context //nolint:containedctx // of the call that copies
	r   io.Reader
}

// Read implements io.Reader.
func (u *until) Read(b []byte) (int, error) {
	if err := u.ctx.Err(); err != nil {
		return 0, err
	}
	return u.r.Read(b)
}

// place writes a file whole and durably, or not at all; checks see how long it became before it gets its name.
func place(file string, text io.Reader, checks ...func(n int64) error) error {
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		return err
	}
	f, err := os.CreateTemp(filepath.Dir(file), ".new-")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name()) // gone already when all went well
	n, err := io.Copy(f, text)
	for _, check := range checks {
		if err == nil {
			err = check(n)
		}
	}
	if err := errors.Join(err, f.Chmod(0o644), f.Sync(), f.Close()); err != nil {
		return err
	}
	return os.Rename(f.Name(), file)
}
