package updates

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/theupdateframework/go-tuf/v2/metadata"
	"github.com/theupdateframework/go-tuf/v2/metadata/trustedmetadata"
)

const (
	metadataDir = "metadata"
	targetsDir  = "targets"
	timestampJS = "timestamp.json"
	snapshotJS  = "snapshot.json"
	targetsJS   = "targets.json"
	rootJS      = "root.json"
	// maxMetadata bounds one file of metadata, bytes.
	maxMetadata = 8 << 20
	// maxRotations bounds how many roots are followed.
	maxRotations = 1024
)

// chain is metadata of a repository, verified link by link.
type chain struct {
	trusted *trustedmetadata.TrustedMetadata
	// files are the texts as they were verified, by name.
	files map[string][]byte
	// roots is how many there are.
	roots int
}

func (c *chain) targets() map[string]*metadata.TargetFiles {
	return c.trusted.Targets[metadata.TARGETS].Signed.Targets
}

// expires is when the first link of the chain expires.
func (c *chain) expires() time.Time {
	first := c.trusted.Timestamp.Signed.Expires
	for _, t := range []time.Time{c.trusted.Snapshot.Signed.Expires, c.trusted.Targets[metadata.TARGETS].Signed.Expires, c.trusted.Root.Signed.Expires} {
		if t.Before(first) {
			first = t
		}
	}
	return first
}

// read reads a file of metadata, up to a bound.
func read(dir, name string) ([]byte, error) {
	f, err := os.Open(filepath.Join(dir, metadataDir, name))
	if err != nil {
		return nil, err
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, maxMetadata+1))
	if err != nil {
		return nil, err
	}
	if len(text) > maxMetadata {
		return nil, &metadata.ErrRepository{Msg: name + " is endless"}
	}
	return text, nil
}

func versioned(version int64, name string) string { return strconv.FormatInt(version, 10) + "." + name }

// verify follows the metadata of a folder as a client of The Update Framework does (§5.3 to §5.6): from the first root on,
// each root signed by the one before, then timestamp, snapshot and targets. What kept has is trusted already: nothing may be older than it.
// The zero time is one at which nothing has expired.
func verify(dir string, kept *chain, now time.Time) (*chain, error) {
	c := &chain{files: map[string][]byte{}}
	if err := c.follow(dir, kept, now); err != nil {
		return nil, verdict(err)
	}
	return c, nil
}

func (c *chain) follow(dir string, kept *chain, now time.Time) error {
	for n := int64(1); n <= maxRotations; n++ {
		name := versioned(n, rootJS)
		text, err := read(dir, name)
		if n > 1 && errors.Is(err, fs.ErrNotExist) {
			break
		} else if err != nil {
			return err
		}
		if kept != nil && kept.files[name] != nil && !bytes.Equal(kept.files[name], text) {
			return &Refusal{Text: fmt.Sprintf("Корень ключей %d не тот, которому кабинет уже доверяет: это хранилище другого издателя или подделка.", n)}
		}
		if c.trusted == nil {
			c.trusted, err = trustedmetadata.New(text)
		} else {
			_, err = c.trusted.UpdateRoot(text)
		}
		if err != nil {
			return damaged(err)
		}
		c.files[name], c.roots = text, int(n)
	}
	if kept != nil && c.roots < kept.roots {
		return &metadata.ErrBadVersionNumber{Msg: "roots are missing"}
	}
	c.trusted.RefTime = now
	if kept != nil {
		// Expired or signed by keys that count no more, it still says what was seen as far as its signature holds.
		_, _ = c.trusted.UpdateTimestamp(kept.files[timestampJS])
	}
	text, err := read(dir, timestampJS)
	if err != nil {
		return err
	}
	same := kept != nil && bytes.Equal(text, kept.files[timestampJS])
	if _, err := c.trusted.UpdateTimestamp(text); err != nil && !same {
		if errors.Is(err, &metadata.ErrEqualVersionNumber{}) {
			return &Refusal{Text: "Метка времени хранилища той же версии, что уже принята, но другая: хранилище испорчено или подделано.", Err: err}
		}
		return damaged(err)
	}
	c.files[timestampJS] = text
	if kept != nil {
		if text := kept.files[snapshotName(kept)]; text != nil {
			_, _ = c.trusted.UpdateSnapshot(text, true)
		}
	}
	meta := c.trusted.Timestamp.Signed.Meta[snapshotJS]
	if meta == nil {
		return &metadata.ErrRepository{Msg: "timestamp names no snapshot"}
	}
	name := versioned(meta.Version, snapshotJS)
	if text, err = read(dir, name); err != nil {
		return err
	}
	if _, err := c.trusted.UpdateSnapshot(text, false); err != nil {
		return damaged(err)
	}
	c.files[name] = text
	if meta = c.trusted.Snapshot.Signed.Meta[targetsJS]; meta == nil {
		return &metadata.ErrRepository{Msg: "snapshot names no targets"}
	}
	name = versioned(meta.Version, targetsJS)
	if text, err = read(dir, name); err != nil {
		return err
	}
	if _, err := c.trusted.UpdateTargets(text); err != nil {
		return damaged(err)
	}
	c.files[name] = text
	return nil
}

func snapshotName(c *chain) string {
	return versioned(c.trusted.Snapshot.Signed.Version, snapshotJS)
}

// damaged gives text that is no metadata at all a class of its own.
func damaged(err error) error {
	if errors.Is(err, &metadata.ErrRepository{}) {
		return err
	}
	return &metadata.ErrRepository{Msg: err.Error()}
}

// verdict puts what is wrong with a repository into a sentence.
func verdict(err error) error {
	var refusal *Refusal
	switch {
	case errors.As(err, &refusal):
		return err
	case errors.Is(err, fs.ErrNotExist):
		return &Refusal{Text: "В папке нет хранилища выпусков, или в нём не хватает файла: " + missing(err) + ".", Err: err}
	case errors.Is(err, &metadata.ErrExpiredMetadata{}):
		return &Refusal{Text: "Подписи хранилища просрочены: издателю нужно подписать его заново.", Err: err}
	case errors.Is(err, &metadata.ErrUnsignedMetadata{}):
		return &Refusal{Text: "Подпись неверна: хранилище изменено после подписи или подписано не теми ключами.", Err: err}
	case errors.Is(err, &metadata.ErrBadVersionNumber{}):
		return &Refusal{Text: "Хранилище старше того, что кабинет уже принял.", Err: err}
	case errors.Is(err, &metadata.ErrLengthOrHashMismatch{}):
		return &Refusal{Text: "Файлы хранилища не подходят друг к другу: они взяты из разных выпусков или испорчены.", Err: err}
	case errors.Is(err, &metadata.ErrRepository{}):
		return &Refusal{Text: "Сведения хранилища испорчены.", Err: err}
	}
	return err
}

func missing(err error) string {
	var e *fs.PathError
	if errors.As(err, &e) {
		return filepath.Base(e.Path)
	}
	return "неизвестно какого"
}
