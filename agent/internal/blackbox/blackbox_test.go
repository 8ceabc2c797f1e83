package blackbox

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
)

func open(t *testing.T, path string, size int64) *Ring {
	t.Helper()
	r, err := Open(path, size)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if n, err := r.Lost(); n != 0 {
			t.Errorf("%d records lost: %v", n, err)
		}
		_ = r.Close()
	})
	return r
}

// lines shows records as a transcript.
func lines(t *testing.T, path string) []string {
	t.Helper()
	recs, err := Read(path)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for i, r := range recs {
		if i > 0 && r.Seq != recs[i-1].Seq+1 {
			t.Errorf("record %d follows %d", r.Seq, recs[i-1].Seq)
		}
		if r.Dir == Note {
			out = append(out, "# "+string(r.Bytes))
		} else {
			out = append(out, fmt.Sprintf("%s % X", r.Dir, r.Bytes))
		}
	}
	return out
}

func TestRing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "k.wire")
		r := open(t, path, 0)
		r.Note("opened")
		r.Write(Out, []byte{0x05})
		r.Write(In, []byte{0x15})
		r.Write(Out, []byte{0x02, 0x05})
		r.Write(Out, []byte{0x10})
		<-time.After(joinWithin) // fake clock: crumbs so far apart are two records
		r.Write(Out, []byte{0x1E})
		want := []string{"# opened", "> 05", "< 15", "> 02 05 10", "> 1E"}
		if diff := cmp.Diff(want, lines(t, path)); diff != "" {
			t.Errorf("while open: %s", diff)
		}

		// The program is killed: no Close. The next one goes on after it.
		again := open(t, path, 0)
		again.Write(In, []byte{0x06})
		if diff := cmp.Diff(append(want, "< 06"), lines(t, path)); diff != "" {
			t.Errorf("after a restart: %s", diff)
		}
		recs, err := Read(path)
		if err != nil {
			t.Fatal(err)
		}
		if got := recs[4].Mono - recs[3].Mono; got != joinWithin {
			t.Errorf("monotonic distance %v", got)
		}
		if !recs[4].At.Equal(time.Now()) {
			t.Errorf("wall time %v, want %v", recs[4].At, time.Now())
		}
	})
}

func TestRing_wraps(t *testing.T) {
	path := filepath.Join(t.TempDir(), "k.wire")
	r := open(t, path, 0)
	var all []string
	for i := range 3000 {
		b := bytes.Repeat([]byte{byte(i), byte(i >> 8)}, 1+i%90)
		d := Out
		if i%2 == 1 {
			d = In
		}
		r.Write(d, b)
		all = append(all, fmt.Sprintf("%s % X", d, b))
		if i%997 == 0 { // restarts do not break the order
			_ = r.Close()
			r = open(t, path, 0)
		}
	}
	got := lines(t, path)
	if len(got) < 20 || len(got) >= len(all) {
		t.Fatalf("%d of %d records kept", len(got), len(all))
	}
	if diff := cmp.Diff(all[len(all)-len(got):], got); diff != "" {
		t.Errorf("not the newest ones: %s", diff)
	}
	if fi, err := os.Stat(path); err != nil || fi.Size() > headSize+4*(recHead+maxBytes+recTail)+align {
		t.Errorf("file grew: %v %v", fi.Size(), err)
	}
}

func TestRing_splitsLong(t *testing.T) {
	path := filepath.Join(t.TempDir(), "k.wire")
	r := open(t, path, DefaultSize)
	long := bytes.Repeat([]byte("0123456789"), 1000)
	r.Write(In, long)
	recs, err := Read(path)
	if err != nil {
		t.Fatal(err)
	}
	var got []byte
	for _, rec := range recs {
		got = append(got, rec.Bytes...)
	}
	if !bytes.Equal(got, long) || len(recs) != 3 {
		t.Errorf("%d records, %d bytes", len(recs), len(got))
	}
}

// A crash may tear the newest record at any byte, and the rest of an
// overwritten one may look like anything: the others stay readable, and
// writing goes on.
func TestRing_torn(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "whole.wire")
	r := open(t, path, 0)
	want := []string{}
	for i := range 5 {
		d := Out
		if i%2 == 1 {
			d = In
		}
		r.Write(d, bytes.Repeat([]byte{byte(i)}, 40))
		want = append(want, fmt.Sprintf("%s % X", d, bytes.Repeat([]byte{byte(i)}, 40)))
	}
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	last := len(whole) - int(span(40))
	for cut := last; cut < last+recHead+40+recTail; cut++ {
		torn := filepath.Join(dir, fmt.Sprintf("%d.wire", cut))
		b := bytes.Clone(whole)
		for i := cut; i < len(b); i++ {
			if b[i] = 0xB1; whole[i] == 0xB1 { // as the last byte of its checksum is, once in 256 times: that would tear nothing
				b[i] = 0x4E
			}
		}
		if err := os.WriteFile(torn, b, 0o600); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want[:4], lines(t, torn)); diff != "" {
			t.Fatalf("cut at %d: %s", cut, diff)
		}
		again, err := Open(torn, 0)
		if err != nil {
			t.Fatal(err)
		}
		again.Write(In, []byte{0x42})
		if diff := cmp.Diff(append(want[:4:4], "< 42"), lines(t, torn)); diff != "" {
			t.Fatalf("cut at %d, then written: %s", cut, diff)
		}
		_ = again.Close()
	}
}

func TestOpen_otherSize(t *testing.T) {
	path := filepath.Join(t.TempDir(), "k.wire")
	r := open(t, path, 0)
	r.Write(Out, []byte{1})
	r.Write(In, []byte{2})
	_ = r.Close()
	r = open(t, path, 1<<20)
	r.Write(Out, []byte{3})
	if diff := cmp.Diff([]string{"> 01", "< 02", "> 03"}, lines(t, path)); diff != "" {
		t.Error(diff)
	}
}

func TestOpen_foreign(t *testing.T) {
	path := filepath.Join(t.TempDir(), "k.wire")
	if err := os.WriteFile(path, []byte("somebody's notes"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Read(path); !errors.Is(err, ErrForeign) {
		t.Errorf("read: %v", err)
	}
	r := open(t, path, 0)
	r.Write(Out, []byte{1})
	if b, err := os.ReadFile(path + ".old"); err != nil || string(b) != "somebody's notes" {
		t.Errorf("put aside: %q %v", b, err)
	}
	if diff := cmp.Diff([]string{"> 01"}, lines(t, path)); diff != "" {
		t.Error(diff)
	}
}

func TestWrite_afterClose(t *testing.T) {
	r := open(t, filepath.Join(t.TempDir(), "k.wire"), 0)
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	r.Write(Out, []byte{1}) // must not panic: a wire may outlive its box for a moment
}

func FuzzDecode(f *testing.F) {
	f.Add(encode(nil, Record{Seq: 7, At: time.Unix(1, 2), Mono: 3, Dir: In, Bytes: []byte("abc")}))
	f.Add([]byte{0xB1, 0xAC, 0x4B, 0x07})
	f.Fuzz(func(t *testing.T, b []byte) {
		rec, ok := decode(b)
		if !ok {
			return
		}
		if again := encode(nil, rec); !bytes.Equal(again[:recHead+len(rec.Bytes)][8:], b[:recHead+len(rec.Bytes)][8:]) {
			t.Errorf("%x becomes %x", b, again)
		}
	})
}
