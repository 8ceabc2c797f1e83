package journal

import (
	"crypto/rand"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"go.etcd.io/bbolt"
	bolterrors "go.etcd.io/bbolt/errors"
)

// format is the meaning of a file's buckets and values; an agent refuses files of a later one.
const format = 1

// Names in the journal's folder.
const (
	filePrefix   = "journal-"
	fileSuffix   = ".db"
	madeSuffix   = ".new"      // being made; worth nothing
	savedSuffix  = ".salvaged" // whole, takes the place of a damaged file
	damagedInfix = ".damaged-"
	damagedTime  = "20060102T150405" // follows damagedInfix
	lockName     = "lock"
	identityName = "identity"
	reserveName  = "reserve"
)

// Buckets of a file.
var (
	bucketMeta    = []byte("meta")
	bucketRecords = []byte("records") // seq -> record
	bucketKeys    = []byte("keys")    // key -> seq, of records up to metaIndexed
	bucketOpen    = []byte("open")    // seq of what is unfinished -> nothing
	bucketOutbox  = []byte("outbox")  // cursor -> seq, Unix ms
	bucketRuns    = []byte("runs")    // id -> execution

	buckets = [][]byte{bucketMeta, bucketRecords, bucketKeys, bucketOpen, bucketOutbox, bucketRuns}
)

// Keys of bucketMeta.
var (
	metaFormat   = []byte("format")
	metaID       = []byte("id")
	metaFirstSeq = []byte("first_seq") // no record of this file has a lower one
	metaFloor    = []byte("cursor")    // no entry of this file has a cursor as low
	metaAcked    = []byte("acked")     // the cabinet's cursor when this file was the newest
	metaIndexed  = []byte("indexed")   // newest seq whose key is in bucketKeys; those of later ones are in file.tail
)

// month is a file's month as its name has it: 2026-11.
type month string

func monthOf(t time.Time) month { return month(t.UTC().Format("2006-01")) }

func (m month) fileName() string { return filePrefix + string(m) + fileSuffix }

// end is the first moment after the month.
func (m month) end() time.Time {
	t, err := time.Parse("2006-01", string(m))
	if err != nil {
		return time.Time{}
	}
	return t.AddDate(0, 1, 0)
}

// parseMonth reads the month of a file name.
func parseMonth(name string) (month, bool) {
	rest, ok := strings.CutPrefix(name, filePrefix)
	rest, ok2 := strings.CutSuffix(rest, fileSuffix)
	if _, err := time.Parse("2006-01", rest); !ok || !ok2 || err != nil {
		return "", false
	}
	return month(rest), true
}

// file is one month of the journal. Its numbers are set by Open and changed by the committer only.
type file struct {
	month    month
	path     string
	db       *bbolt.DB
	id       string
	firstSeq uint64
	lastSeq  uint64 // firstSeq-1 when empty
	cursor   uint64 // of its newest entry, or the floor
	acked    uint64
	unsynced []byte // what is durable of the file after a commit without fsync; nil when all is

	// tail has the keys of the newest records, until tailLimit of them go into bucketKeys together: keys are random,
	// and each one by itself would cost a page of the commit.
	tailMu sync.RWMutex
	tail   map[string]uint64
}

// tailLimit keeps the reading of the tail, when the file is opened, within some hundredths of a second.
const tailLimit = 4096

// noCreate opens what is there: bbolt by itself makes a file that is missing, and not by rename.
func noCreate(name string, flag int, perm os.FileMode) (*os.File, error) {
	return os.OpenFile(name, flag&^os.O_CREATE, perm)
}

func boltOptions(readOnly bool) *bbolt.Options {
	return &bbolt.Options{
		Timeout:      5 * time.Second, // for a child that still holds the file
		FreelistType: bbolt.FreelistMapType,
		NoStatistics: true,
		ReadOnly:     readOnly,
		OpenFile:     noCreate,
	}
}

// openBolt opens a file that exists. bbolt answers some damage with a panic.
func openBolt(path string, readOnly bool) (db *bbolt.DB, err error) {
	defer func() {
		if r := recover(); r != nil {
			db, err = nil, fmt.Errorf("%w: %v", ErrDamaged, r)
		}
	}()
	if info, err := os.Stat(path); err != nil {
		return nil, err
	} else if info.Size() == 0 {
		return nil, fmt.Errorf("%w: it is empty", ErrDamaged)
	}
	db, err = bbolt.Open(path, 0o600, boltOptions(readOnly))
	switch {
	case errors.Is(err, bolterrors.ErrInvalid), errors.Is(err, bolterrors.ErrVersionMismatch), errors.Is(err, bolterrors.ErrChecksum):
		return nil, fmt.Errorf("%w: %w", ErrDamaged, err)
	case err != nil:
		return nil, err
	}
	return db, nil
}

// openFile opens one month and reads its numbers.
func openFile(dir string, m month) (*file, error) {
	f := &file{month: m, path: filepath.Join(dir, m.fileName())}
	db, err := openBolt(f.path, false)
	if err != nil {
		return nil, err
	}
	f.db = db
	err = db.View(f.readNumbers)
	if err == nil {
		err = db.View(f.readTail)
	}
	if err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return f, nil
}

// readTail finds the keys that are not in bucketKeys yet.
func (f *file) readTail(tx *bbolt.Tx) (err error) {
	defer recovered(&err)
	f.tail = map[string]uint64{}
	indexed := number(tx.Bucket(bucketMeta).Get(metaIndexed))
	c := tx.Bucket(bucketRecords).Cursor()
	for k, v := c.Seek(seqKey(indexed + 1)); k != nil; k, v = c.Next() {
		rec, err := decodeRecord(number(k), v, 0)
		if err != nil {
			return err
		}
		f.tail[rec.Operation.Key] = rec.Seq
	}
	return nil
}

// seqOf finds the seq of a key; 0 when it is not in this file. Keys leave the tail after they have come into the
// bucket: looking in this order misses none.
func (f *file) seqOf(key string) (seq uint64, err error) {
	f.tailMu.RLock()
	seq = f.tail[key]
	f.tailMu.RUnlock()
	if seq != 0 {
		return seq, nil
	}
	err = f.view(func(tx *bbolt.Tx) error {
		seq = number(tx.Bucket(bucketKeys).Get([]byte(key)))
		return nil
	})
	return seq, err
}

func (f *file) readNumbers(tx *bbolt.Tx) (err error) {
	defer recovered(&err)
	for _, name := range buckets {
		if tx.Bucket(name) == nil {
			return fmt.Errorf("%w: it has no bucket %s", ErrDamaged, name)
		}
	}
	meta := tx.Bucket(bucketMeta)
	if v := number(meta.Get(metaFormat)); v > format {
		return fmt.Errorf("%w: it has format %d, this agent reads %d", ErrNewer, v, format)
	} else if v == 0 {
		return fmt.Errorf("%w: it has no format", ErrDamaged)
	}
	f.id = string(meta.Get(metaID))
	f.firstSeq = number(meta.Get(metaFirstSeq))
	f.cursor = number(meta.Get(metaFloor))
	f.acked = number(meta.Get(metaAcked))
	f.lastSeq = f.firstSeq - 1
	if k, _ := tx.Bucket(bucketRecords).Cursor().Last(); k != nil {
		f.lastSeq = number(k)
	}
	if k, _ := tx.Bucket(bucketOutbox).Cursor().Last(); k != nil {
		f.cursor = max(f.cursor, number(k))
	}
	return nil
}

// number reads a stored uint64; 0 when it is not one.
func number(v []byte) uint64 {
	if len(v) != 8 {
		return 0
	}
	return binary.BigEndian.Uint64(v)
}

// recovered turns a panic of bbolt over a damaged page into an error.
func recovered(err *error) {
	if r := recover(); r != nil {
		*err = fmt.Errorf("%w: %v", ErrDamaged, r)
	}
}

// numbers are what a new file starts with.
type numbers struct {
	id       string
	firstSeq uint64
	cursor   uint64
	acked    uint64
}

func newID() string {
	var b [16]byte
	rand.Read(b[:])
	return hex.EncodeToString(b[:])
}

// makeFile makes a file under path, filled by fill (nil: empty), durable but not under its final name: a cut inside
// bbolt's first write leaves a file that never opens again.
func makeFile(path string, n numbers, fill func(db *bbolt.DB) error) error {
	if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	opts := boltOptions(false)
	opts.OpenFile = os.OpenFile
	db, err := bbolt.Open(path, 0o600, opts)
	if err != nil {
		return errors.Join(err, removeIfThere(path))
	}
	err = db.Update(func(tx *bbolt.Tx) error {
		for _, name := range buckets {
			if _, err := tx.CreateBucket(name); err != nil {
				return err
			}
		}
		return putNumbers(tx, n)
	})
	if err == nil && fill != nil {
		err = fill(db)
	}
	if err = errors.Join(err, db.Close()); err != nil {
		return errors.Join(err, removeIfThere(path))
	}
	return nil
}

func putNumbers(tx *bbolt.Tx, n numbers) error {
	meta := tx.Bucket(bucketMeta)
	return errors.Join(
		meta.Put(metaFormat, seqKey(format)),
		meta.Put(metaID, []byte(n.id)),
		meta.Put(metaFirstSeq, seqKey(n.firstSeq)),
		meta.Put(metaFloor, seqKey(n.cursor)),
		meta.Put(metaAcked, seqKey(n.acked)),
	)
}

// removeIfThere removes a file that may be gone already.
func removeIfThere(path string) error {
	if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return nil
}

// createFile makes the file of a month and opens it.
func createFile(dir string, m month, n numbers) (*file, error) {
	path := filepath.Join(dir, m.fileName())
	if err := makeFile(path+madeSuffix, n, nil); err != nil {
		return nil, fmt.Errorf("make %s: %w", m.fileName(), err)
	}
	if err := publish(path+madeSuffix, path); err != nil {
		return nil, fmt.Errorf("make %s: %w", m.fileName(), err)
	}
	return openFile(dir, m)
}

// publish gives a durable file its final name, durably.
func publish(from, to string) error {
	if err := os.Rename(from, to); err != nil {
		return err
	}
	return syncDir(filepath.Dir(to))
}

// months lists the files of the folder, oldest first.
func months(dir string) ([]month, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	var found []month
	for _, e := range entries {
		if m, ok := parseMonth(e.Name()); ok && e.Type().IsRegular() {
			found = append(found, m)
		}
	}
	slices.Sort(found)
	return found, nil
}

// expired tells whether a month may go: its retention is over by the clock, and newer files witness that the time
// has really passed. A clock that jumps a year ahead makes one newer file, not enough of them.
func expired(m month, newer int, now time.Time, retention time.Duration) bool {
	witnesses := int((retention + 31*24*time.Hour - 1) / (31 * 24 * time.Hour))
	return newer >= max(witnesses, 1) && now.After(m.end().Add(retention))
}

// addMonth makes the file of a month and puts it at the end of the list.
func (j *Journal) addMonth(m month, n numbers) (*file, error) {
	if err := j.ask(BeforeCommit, ActMonth); err != nil && !errors.Is(err, SkipSync) {
		return nil, err
	}
	f, err := createFile(j.dir, m, n)
	if err != nil {
		return nil, err
	}
	j.log.Info("journal file made", "file", m.fileName())
	j.filesMu.Lock()
	j.files = append(j.files, f)
	j.filesMu.Unlock()
	return f, j.ask(AfterCommit, ActMonth)
}

// currentMonth is the file for new operations: this month's, or a later one when the clock has been there before.
func (j *Journal) currentMonth(now time.Time) (*file, error) {
	newest := j.newest()
	m := monthOf(now)
	if m <= newest.month {
		return newest, nil
	}
	f, err := j.addMonth(m, numbers{id: j.id, firstSeq: j.next.seq, cursor: j.next.cursor - 1, acked: j.ackedOnDisk()})
	switch {
	case isFull(err):
		j.short = true
		return nil, ErrFull
	case errors.Is(err, ErrDead):
		return nil, j.fail(err)
	}
	return f, err
}

// ackedOnDisk is the cabinet's cursor that a power cut would leave.
func (j *Journal) ackedOnDisk() uint64 {
	var acked uint64
	for _, f := range j.snapshot() {
		if f.id == j.id {
			acked = max(acked, f.acked)
		}
	}
	return acked
}

// dropMonths removes files that nobody needs any more.
func (j *Journal) dropMonths(now time.Time) {
	acked := j.ackedOnDisk()
	files := j.snapshot()
	for i, f := range files {
		if !expired(f.month, len(files)-1-i, now, j.retention) || f.cursor > acked || f.busy() {
			continue
		}
		j.filesMu.Lock()
		err := f.db.Close()
		j.files = slices.DeleteFunc(j.files, func(other *file) bool { return other == f })
		j.filesMu.Unlock()
		if err = errors.Join(err, os.Remove(f.path), syncDir(j.dir)); err != nil {
			j.log.Error("a journal file past retention stays", "file", f.month.fileName(), "error", err)
			continue
		}
		j.log.Info("journal file dropped", "file", f.month.fileName())
	}
}

// busy tells whether something in the file is unfinished.
func (f *file) busy() bool {
	busy := true
	err := f.view(func(tx *bbolt.Tx) error {
		k, _ := tx.Bucket(bucketOpen).Cursor().First()
		busy = k != nil
		return nil
	})
	return err != nil || busy
}

// view reads the file; a damaged page is an error.
func (f *file) view(read func(tx *bbolt.Tx) error) (err error) {
	defer recovered(&err)
	return f.db.View(read)
}

// version counts commits of the file.
func (f *file) version() (v int) {
	if err := f.view(func(tx *bbolt.Tx) error { v = tx.ID(); return nil }); err != nil {
		return -1
	}
	return v
}

// hasRun tells whether an execution lives in the file.
func (f *file) hasRun(id string) (has bool) {
	err := f.view(func(tx *bbolt.Tx) error {
		has = tx.Bucket(bucketRuns).Get([]byte(id)) != nil
		return nil
	})
	return has && err == nil
}

// rename gives the file another journal id, with nothing acknowledged under it.
func (f *file) rename(id string) error {
	f.id, f.acked = id, 0
	return f.db.Update(func(tx *bbolt.Tx) error {
		meta := tx.Bucket(bucketMeta)
		return errors.Join(meta.Put(metaID, []byte(id)), meta.Put(metaAcked, seqKey(0)))
	})
}

// snapshot is the list of files now, oldest first.
func (j *Journal) snapshot() []*file {
	j.filesMu.RLock()
	defer j.filesMu.RUnlock()
	return slices.Clone(j.files)
}

func (j *Journal) newest() *file {
	j.filesMu.RLock()
	defer j.filesMu.RUnlock()
	return j.files[len(j.files)-1]
}

// fileOf is the file a record lives in.
func (j *Journal) fileOf(seq uint64) *file {
	j.filesMu.RLock()
	defer j.filesMu.RUnlock()
	return fileOf(j.files, seq)
}

func fileOf(files []*file, seq uint64) *file {
	for _, f := range slices.Backward(files) {
		if f.firstSeq <= seq {
			return f
		}
	}
	return files[0]
}
