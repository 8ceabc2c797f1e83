package update

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/klauspost/compress/zstd"
	"golang.org/x/time/rate"
)

const (
	// defaultRate bounds how fast a release is fetched, bytes a second: the line
	// of a shop carries card payments, too.
	defaultRate = 512 << 10
	// pieceSize is what is read and written at once.
	pieceSize = 64 << 10
	// stallLimit ends a read of which nothing comes.
	stallLimit = time.Minute
	// defaultSpare is the space that stays free beside an update, bytes: it is
	// the journal's, which has a reserve of its own besides.
	defaultSpare = 64 << 20
	// packedWindow bounds the memory that unpacking takes, bytes.
	packedWindow = 8 << 20
)

// errCut says that a download ended early; what came is kept.
var errCut = errors.New("the download was cut")

// store fetches releases into the folder of versions.
type store struct {
	data  string
	disk  *disk
	get   func(ctx context.Context, path string, offset int64) (io.ReadCloser, int64, error)
	rate  int64
	spare int64
	// progress hears how much there is.
	progress func(fetched, size int64)
	// patience waits before a cut download goes on; false ends it.
	patience func(ctx context.Context, tries int) bool
}

func mb(n int64) int64 { return (n + 1<<20 - 1) >> 20 }

// room refuses what would not fit. The space an update leaves is not its own.
func (s *store) room(r Release, have int64) error {
	need := r.Packed.Size - have + r.Binary.Size + s.spare
	left, err := free(s.data)
	if err != nil {
		return fmt.Errorf("ask the disk for its space: %w", err)
	}
	if left < need {
		return refuse(nil, "На диске мало места для обновления: нужно %d МБ, свободно %d МБ.", mb(need), mb(left))
	}
	return nil
}

// bring makes the binary of the release ready to run: version folder, whole,
// verified, durable. Until the last step nothing of it can be executed or is
// looked for by the launcher.
func (s *store) bring(ctx context.Context, r Release) error {
	final := filepath.Join(versionsDir(s.data), r.Version)
	if sum, err := sumFile(binaryPath(s.data, r.Version)); err == nil && sum == r.Binary.SHA256 {
		return nil // fetched before a restart
	}
	if err := s.disk.mkdir(downloadDir(s.data)); err != nil {
		return fmt.Errorf("make a folder: %w", err)
	}
	part := filepath.Join(downloadDir(s.data), r.Packed.SHA256+".part")
	if err := s.clear(filepath.Base(part)); err != nil {
		return err
	}
	if err := s.fetch(ctx, r, part); err != nil {
		return s.full(err, part)
	}
	made := filepath.Join(versionsDir(s.data), newSuffix+"-"+r.Version)
	if err := s.disk.remove(made); err != nil {
		return fmt.Errorf("remove what was left half made: %w", err)
	}
	if err := s.unpack(ctx, r, part, made); err != nil {
		if !errors.Is(err, errDied) {
			_ = os.RemoveAll(made)
		}
		return s.full(err, part)
	}
	if err := s.disk.remove(final); err != nil {
		return fmt.Errorf("remove an older copy: %w", err)
	}
	if err := s.disk.rename(made, final); err != nil {
		return fmt.Errorf("publish the version: %w", err)
	}
	if err := s.disk.syncDir(versionsDir(s.data)); err != nil {
		return fmt.Errorf("publish the version: %w", err)
	}
	if err := s.disk.remove(part); err != nil {
		return fmt.Errorf("remove the download: %w", err)
	}
	return nil
}

// clear removes downloads of other releases.
func (s *store) clear(except string) error {
	entries, err := os.ReadDir(downloadDir(s.data))
	if err != nil {
		return fmt.Errorf("look at downloads: %w", err)
	}
	for _, e := range entries {
		if e.Name() != except {
			if err := s.disk.remove(filepath.Join(downloadDir(s.data), e.Name())); err != nil {
				return fmt.Errorf("remove an older download: %w", err)
			}
		}
	}
	return nil
}

// full turns the end of a disk into a refusal, and gives back what was taken.
func (s *store) full(err error, part string) error {
	if !isFull(err) {
		return err
	}
	_ = os.Remove(part)
	return refuse(err, "На диске кончилось место посреди обновления: освободите его, обновление начнётся заново.")
}

// fetch brings the packed binary, going on where it was cut, and verifies it.
func (s *store) fetch(ctx context.Context, r Release, part string) error {
	for tries := 0; ; tries++ {
		before := size(part)
		err := s.fetchOnce(ctx, r, part)
		var refusal *Refusal
		if err == nil || !errors.Is(err, errCut) || errors.As(err, &refusal) {
			return err
		}
		if size(part) > before {
			tries = 0
		}
		if !s.patience(ctx, tries) {
			return err
		}
	}
}

func size(path string) int64 {
	info, err := os.Stat(path)
	if err != nil {
		return 0
	}
	return info.Size()
}

// fetchOnce is one request.
func (s *store) fetchOnce(ctx context.Context, r Release, part string) error {
	f, err := os.OpenFile(part, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return fmt.Errorf("open the download: %w", err)
	}
	defer f.Close()
	sum, have, err := resume(f, r.Packed.Size)
	if err != nil {
		return fmt.Errorf("read the download: %w", err)
	}
	if err := s.room(r, have); err != nil {
		return err
	}
	if have < r.Packed.Size {
		if have, err = s.append(ctx, r, f, sum, have); err != nil {
			return err
		}
	}
	if err := s.disk.sync(f); err != nil {
		return fmt.Errorf("write the download: %w", err)
	}
	if have != r.Packed.Size || hex.EncodeToString(sum.Sum(nil)) != r.Packed.SHA256 {
		if err := s.disk.remove(part); err != nil {
			return fmt.Errorf("remove a false download: %w", err)
		}
		return refuse(nil, "Файл версии %s не тот, что подписан: он подменён или испорчен.", r.Version)
	}
	return nil
}

// resume sums up what is there and stands at its end.
func resume(f *os.File, most int64) (hash.Hash, int64, error) {
	sum := sha256.New()
	have, err := io.Copy(sum, io.LimitReader(f, most))
	if err != nil {
		return nil, 0, err
	}
	if err := f.Truncate(have); err != nil {
		return nil, 0, err
	}
	_, err = f.Seek(have, io.SeekStart)
	return sum, have, err
}

// append reads on from where the download stands.
func (s *store) append(ctx context.Context, r Release, f *os.File, sum hash.Hash, have int64) (int64, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	body, at, err := s.get(ctx, "targets/"+r.Path, have)
	if errors.Is(err, ErrAbsent) {
		return have, refuse(err, "В кабинете нет файла версии %s.", r.Version)
	}
	if err != nil {
		return have, fmt.Errorf("%w: %w", errCut, err)
	}
	defer body.Close()
	if at != have {
		if at != 0 {
			return have, fmt.Errorf("%w: asked for byte %d, got %d", errCut, have, at)
		}
		sum.Reset()
		have = 0
		if err := errors.Join(f.Truncate(0), seek(f)); err != nil {
			return have, fmt.Errorf("begin the download anew: %w", err)
		}
	}
	limit := rate.NewLimiter(rate.Limit(s.rate), pieceSize)
	stalled := time.AfterFunc(stallLimit, cancel)
	defer stalled.Stop()
	w := faultyWriter{s.disk, f}
	piece := make([]byte, pieceSize)
	for {
		n, err := body.Read(piece)
		stalled.Reset(stallLimit)
		if have+int64(n) > r.Packed.Size {
			return have, errors.Join(os.Remove(f.Name()), refuse(nil, "Кабинет отдаёт больше, чем подписано для версии %s: загрузка прервана.", r.Version))
		}
		if _, err := w.Write(piece[:n]); err != nil {
			return have, fmt.Errorf("write the download: %w", err)
		}
		_, _ = sum.Write(piece[:n])
		have += int64(n)
		s.progress(have, r.Packed.Size)
		switch {
		case errors.Is(err, io.EOF) && have == r.Packed.Size:
			return have, nil
		case err != nil:
			return have, fmt.Errorf("%w at byte %d of %d: %w", errCut, have, r.Packed.Size, err)
		}
		if err := limit.WaitN(ctx, max(n, 1)); err != nil {
			return have, fmt.Errorf("%w: %w", errCut, err)
		}
	}
}

func seek(f *os.File) error {
	_, err := f.Seek(0, io.SeekStart)
	return err
}

// unpack makes the folder of a version beside its place.
func (s *store) unpack(ctx context.Context, r Release, part, made string) error {
	if err := s.disk.mkdir(made); err != nil {
		return fmt.Errorf("make a folder: %w", err)
	}
	in, err := os.Open(part)
	if err != nil {
		return fmt.Errorf("open the download: %w", err)
	}
	defer in.Close()
	unpacked, err := zstd.NewReader(in, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true), zstd.WithDecoderMaxWindow(packedWindow))
	if err != nil {
		return fmt.Errorf("unpack: %w", err)
	}
	defer unpacked.Close()
	out, err := s.disk.create(filepath.Join(made, exeName))
	if err != nil {
		return fmt.Errorf("unpack: %w", err)
	}
	defer out.Close()
	sum := sha256.New()
	n, err := io.CopyBuffer(io.MultiWriter(faultyWriter{s.disk, out}, sum), unread{ctx, io.LimitReader(unpacked, r.Binary.Size+1)}, make([]byte, 1<<20))
	if err != nil && (isFull(err) || errors.Is(err, errDied) || ctx.Err() != nil) {
		return fmt.Errorf("unpack: %w", err)
	}
	if err != nil || n != r.Binary.Size || hex.EncodeToString(sum.Sum(nil)) != r.Binary.SHA256 {
		return refuse(err, "Программа версии %s не та, что подписана: файл собран неверно.", r.Version)
	}
	if err := s.disk.sync(out); err != nil {
		return fmt.Errorf("unpack: %w", err)
	}
	if err := s.disk.step(StepMode, out.Name()); err != nil {
		return err
	}
	// Only now, when every byte is known to be the signed one.
	if err := errors.Join(out.Chmod(0o700), out.Sync(), out.Close()); err != nil {
		return fmt.Errorf("unpack: %w", err)
	}
	return s.disk.syncDir(made)
}

// unread ends a copy with its context.
type unread struct {
	ctx context.Context
	r   io.Reader
}

// Read implements io.Reader.
func (u unread) Read(b []byte) (int, error) {
	if err := u.ctx.Err(); err != nil {
		return 0, err
	}
	return u.r.Read(b)
}

// trim keeps the versions that state names and removes the rest.
func trim(d *disk, data string, s State) error {
	entries, err := os.ReadDir(versionsDir(data))
	if err != nil {
		return fmt.Errorf("look at versions: %w", err)
	}
	for _, e := range entries {
		if !e.IsDir() || e.Name() == s.Chosen || e.Name() == s.Previous {
			continue
		}
		if err := d.remove(filepath.Join(versionsDir(data), e.Name())); err != nil {
			return fmt.Errorf("remove version %s: %w", e.Name(), err)
		}
	}
	return nil
}
