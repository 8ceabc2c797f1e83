package update

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/theupdateframework/go-tuf/v2/metadata"
	"github.com/theupdateframework/go-tuf/v2/metadata/trustedmetadata"
)

// What metadata may weigh, bytes: more is not read, however much is sent.
const (
	maxRoot      = 64 << 10
	maxTimestamp = 16 << 10
	maxSnapshot  = 64 << 10
	maxTargets   = 4 << 20
	// maxRotations bounds how many roots are fetched one after another.
	maxRotations = 256
	// maxBinary bounds what a release may weigh, packed or not.
	maxBinary = 256 << 20
)

// Refusal is why an offer is not taken: one sentence in Russian for the cabinet
// and whoever stands beside the till.
type Refusal struct {
	// Text is the sentence.
	Text string
	// Err is what lies behind it, for the log.
	Err error
}

// Error implements error.
func (r *Refusal) Error() string { return r.Text }

// Unwrap implements errors.Unwrap.
func (r *Refusal) Unwrap() error { return r.Err }

func refuse(err error, format string, args ...any) error {
	return &Refusal{Text: fmt.Sprintf(format, args...), Err: err}
}

// Release is one signed binary for this platform.
type Release struct {
	// Version is canonical.
	Version string
	// Channel is "stable" or "beta".
	Channel string
	// Writes is the journal format it writes, Reads those it reads.
	Writes int
	Reads  [2]int
	// Binary is the unpacked program.
	Binary Binary
	// Path is where the packed one lies under targets/, Packed what it is.
	Path   string
	Packed Binary
	// Notes say what is new.
	Notes string
}

// custom is what a target says of itself beside its length and hash.
type custom struct {
	Version  string `json:"version"`
	Channel  string `json:"channel"`
	Platform string `json:"platform"`
	Writes   int    `json:"journal_writes"`
	Reads    [2]int `json:"journal_reads"`
	SHA256   string `json:"sha256"`
	Size     int64  `json:"size"`
	Notes    string `json:"notes"`
}

// trove is the signed metadata of the releases, as The Update Framework
// has it (specification 1.0.31, §5.3 to §5.6). What was seen is kept, so that older
// metadata is noticed; what is kept survives a power cut.
type trove struct {
	dir    string
	anchor []byte // root.json that came with the package
	now    time.Time
	fetch  func(ctx context.Context, path string, limit int64) ([]byte, error)
	disk   *disk
}

// refresh brings the metadata up to date and gives the targets.
func (r *trove) refresh(ctx context.Context) (*trustedmetadata.TrustedMetadata, error) {
	trusted, err := trustedmetadata.New(r.anchor)
	if err != nil {
		return nil, refuse(err, "Файл корневых ключей обновлений повреждён: переустановите пакет агента.")
	}
	trusted.RefTime = r.now.UTC()
	if err := r.disk.mkdir(r.dir); err != nil {
		return nil, err
	}
	for _, step := range []func(context.Context, *trustedmetadata.TrustedMetadata) error{r.roots, r.timestamp, r.snapshot, r.targets} {
		if err := step(ctx, trusted); err != nil {
			return nil, verdict(err)
		}
	}
	return trusted, nil
}

// verdict puts what is wrong with metadata into a sentence. Errors of the line
// and of the disk stay what they are.
func verdict(err error) error {
	var refusal *Refusal
	switch {
	case errors.As(err, &refusal):
		return err
	case errors.Is(err, &metadata.ErrExpiredMetadata{}):
		return refuse(err, "Подписи обновлений просрочены: либо кабинет давно не обновлял их, либо часы компьютера неверны.")
	case errors.Is(err, &metadata.ErrUnsignedMetadata{}):
		return refuse(err, "Подпись обновления неверна: оно выпущено не теми ключами.")
	case errors.Is(err, &metadata.ErrBadVersionNumber{}):
		return refuse(err, "Кабинет отдал сведения об обновлениях старше тех, что агент уже видел.")
	case errors.Is(err, &metadata.ErrLengthOrHashMismatch{}):
		return refuse(err, "Сведения об обновлениях не подходят друг к другу: они взяты из разных выпусков или испорчены.")
	case errors.Is(err, &metadata.ErrRepository{}), errors.As(err, new(*metadata.ErrValue)), errors.As(err, new(*metadata.ErrType)),
		errors.As(err, new(*json.SyntaxError)), errors.As(err, new(*json.UnmarshalTypeError)):
		return refuse(err, "Сведения об обновлениях испорчены.")
	case errors.Is(err, ErrAbsent):
		return refuse(err, "В кабинете нет подписанных сведений об обновлениях.")
	}
	return err
}

// kept reads metadata seen before; nil when there is none.
func (r *trove) kept(file string) []byte {
	text, err := os.ReadFile(filepath.Join(r.dir, file))
	if err != nil {
		return nil
	}
	return text
}

func (r *trove) keep(file string, text []byte) error {
	if err := r.disk.replace(filepath.Join(r.dir, file), text); err != nil {
		return fmt.Errorf("keep %s: %w", file, err)
	}
	return nil
}

// roots follows the rotation of keys from the root of the package on.
func (r *trove) roots(ctx context.Context, t *trustedmetadata.TrustedMetadata) error {
	for range maxRotations {
		file := strconv.FormatInt(t.Root.Signed.Version+1, 10) + ".root.json"
		if text := r.kept(file); text != nil {
			if _, err := t.UpdateRoot(text); err == nil {
				continue
			}
		}
		text, err := r.fetch(ctx, "metadata/"+file, maxRoot)
		if errors.Is(err, ErrAbsent) {
			return nil
		}
		if err != nil {
			return err
		}
		if _, err := t.UpdateRoot(text); err != nil {
			return damaged(err)
		}
		if err := r.keep(file, text); err != nil {
			return err
		}
	}
	return refuse(nil, "Корневые ключи обновлений сменились слишком много раз подряд.")
}

// damaged gives text that is no metadata at all a class of its own.
func damaged(err error) error {
	if errors.Is(err, &metadata.ErrRepository{}) {
		return err
	}
	return &metadata.ErrRepository{Msg: err.Error()}
}

func (r *trove) timestamp(ctx context.Context, t *trustedmetadata.TrustedMetadata) error {
	const file = "timestamp.json"
	if text := r.kept(file); text != nil {
		// Expired or of older keys, it may be replaced; what it says is remembered
		// as far as it is still to be trusted.
		_, _ = t.UpdateTimestamp(text)
	}
	text, err := r.fetch(ctx, "metadata/"+file, maxTimestamp)
	if err != nil {
		return err
	}
	_, err = t.UpdateTimestamp(text)
	if errors.Is(err, &metadata.ErrEqualVersionNumber{}) {
		return nil
	}
	if err != nil {
		return damaged(err)
	}
	return r.keep(file, text)
}

// limitOf is the length that signed metadata gives a file, or the most we read.
func limitOf(m *metadata.MetaFiles, most int64) (int64, error) {
	if m == nil {
		return 0, &metadata.ErrRepository{Msg: "metadata misses a part"}
	}
	if m.Length > most {
		return 0, &metadata.ErrRepository{Msg: fmt.Sprintf("metadata of %d bytes", m.Length)}
	}
	if m.Length > 0 {
		return m.Length, nil
	}
	return most, nil
}

func (r *trove) snapshot(ctx context.Context, t *trustedmetadata.TrustedMetadata) error {
	const file = "snapshot.json"
	if text := r.kept(file); text != nil {
		if _, err := t.UpdateSnapshot(text, true); err == nil {
			return nil
		}
	}
	meta := t.Timestamp.Signed.Meta[file]
	limit, err := limitOf(meta, maxSnapshot)
	if err != nil {
		return err
	}
	text, err := r.fetch(ctx, "metadata/"+r.versioned(t, meta.Version, file), limit)
	if err != nil {
		return err
	}
	if _, err := t.UpdateSnapshot(text, false); err != nil {
		return damaged(err)
	}
	return r.keep(file, text)
}

func (r *trove) targets(ctx context.Context, t *trustedmetadata.TrustedMetadata) error {
	const file = "targets.json"
	if text := r.kept(file); text != nil {
		if _, err := t.UpdateTargets(text); err == nil {
			return nil
		}
	}
	meta := t.Snapshot.Signed.Meta[file]
	limit, err := limitOf(meta, maxTargets)
	if err != nil {
		return err
	}
	text, err := r.fetch(ctx, "metadata/"+r.versioned(t, meta.Version, file), limit)
	if err != nil {
		return err
	}
	if _, err := t.UpdateTargets(text); err != nil {
		return damaged(err)
	}
	return r.keep(file, text)
}

// versioned is the name of a file where snapshots are consistent (§6.2).
func (r *trove) versioned(t *trustedmetadata.TrustedMetadata, version int64, file string) string {
	if !t.Root.Signed.ConsistentSnapshot {
		return file
	}
	return strconv.FormatInt(version, 10) + "." + file
}

// packedName is the file of a platform's packed binary.
func packedName(platform string) string {
	if strings.HasPrefix(platform, "windows-") {
		return "chekan-agent.exe.zst"
	}
	return "chekan-agent.zst"
}

// find gives the release of a version for a platform.
func find(t *trustedmetadata.TrustedMetadata, version, platform string) (Release, error) {
	name := path.Join("agent", version, platform, packedName(platform))
	target := t.Targets[metadata.TARGETS].Signed.Targets[name]
	if target == nil {
		return Release{}, refuse(nil, "Среди подписанных выпусков нет версии %s для этого компьютера (%s).", version, platform)
	}
	var c custom
	if target.Custom != nil {
		if err := json.Unmarshal(*target.Custom, &c); err != nil {
			return Release{}, refuse(err, "Сведения о версии %s испорчены.", version)
		}
	}
	sum := target.Hashes["sha256"]
	switch {
	case c.Version != version || c.Platform != platform:
		return Release{}, refuse(nil, "Выпуск подписан как версия %s для %s, а лежит как %s для %s: он не для этого компьютера.", c.Version, c.Platform, version, platform)
	case len(sum) != 32 || len(c.SHA256) != 64 || c.Size <= 0 || c.Size > maxBinary || target.Length <= 0 || target.Length > maxBinary:
		return Release{}, refuse(nil, "В сведениях о версии %s нет размера или суммы файла.", version)
	}
	r := Release{
		Version: version, Channel: c.Channel, Writes: c.Writes, Reads: c.Reads, Binary: Binary{SHA256: c.SHA256, Size: c.Size},
		Path: name, Packed: Binary{SHA256: hex.EncodeToString(sum), Size: target.Length}, Notes: c.Notes,
	}
	if t.Root.Signed.ConsistentSnapshot {
		r.Path = path.Join(path.Dir(name), r.Packed.SHA256+"."+path.Base(name))
	}
	return r, nil
}
