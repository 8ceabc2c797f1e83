// Command packages makes what is installed on Linux: deb, rpm and apk of the
// agent, the cabinet and the simulator for every processor, a list of what each
// is made of (CycloneDX), and SHA256SUMS over all of it.
//
//	go run ./installers/packages --out dist
//
// The same commit gives the same bytes on any computer with the same Go and
// Node: no path, clock, user or host name gets in, and the time of every file
// is the commit's (https://reproducible-builds.org/specs/source-date-epoch/).
//
// What is in the packages is told by installers/linux: templates of nfpm's
// configuration, units, rules and scripts. The cabinet's pages have to be built
// before (`make web`), for this program knows nothing of Node.
package main

import (
	"context"
	"crypto/sha256"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "packages:", err)
		os.Exit(1)
	}
}

// job is one run of this program.
type job struct {
	root     string // of the repository
	out      string // finished files
	work     string // everything else
	nfpm     string
	rootKeys string
	version  version
	log      io.Writer
}

func run(ctx context.Context, args []string, out, log io.Writer) error {
	flags := flag.NewFlagSet("packages", flag.ContinueOnError)
	flags.SetOutput(log)
	dir := flags.String("out", "dist", "folder of the finished files; what was there is removed")
	number := flags.String("version", "", "version, like 1.2.3; of the tag or the commit when empty")
	rootKeys := flags.String("root-keys", "", "file of the keys whose updates the agent believes")
	tell := flags.Bool("print-version", false, "print the version and make nothing")
	list := flags.String("only", "", "products, architectures and formats to make, like agent,amd64,deb; all when empty")
	if err := flags.Parse(args); err != nil {
		return err
	}
	wanted, err := parseWanted(*list)
	if err != nil {
		return err
	}
	j := job{rootKeys: *rootKeys, log: log}
	if j.root, err = output(ctx, exec.CommandContext(ctx, "git", "rev-parse", "--show-toplevel")); err != nil {
		return err
	}
	if j.version, err = j.findVersion(ctx, *number); err != nil {
		return err
	}
	if *tell {
		_, err := fmt.Fprintln(out, j.version)
		return err
	}
	if j.out, err = filepath.Abs(*dir); err != nil {
		return err
	}
	if j.rootKeys != "" {
		if j.rootKeys, err = filepath.Abs(j.rootKeys); err != nil {
			return err
		}
	}
	if j.work, err = os.MkdirTemp("", "chekan-packages"); err != nil {
		return err
	}
	defer os.RemoveAll(j.work)
	if err := sweep(j.out); err != nil {
		return err
	}
	if err := j.tool(ctx); err != nil {
		return err
	}
	for _, p := range products {
		for _, a := range architectures {
			if wanted.has(p.name) && wanted.has(a.name) {
				if err := j.make(ctx, p, a, wanted); err != nil {
					return fmt.Errorf("%s for %s: %w", p.name, a.name, err)
				}
			}
		}
	}
	return sums(j.out)
}

// findVersion is the number asked for, the tag, or what the commit's time makes.
func (j *job) findVersion(ctx context.Context, number string) (version, error) {
	git := func(args ...string) *exec.Cmd {
		cmd := exec.CommandContext(ctx, "git", args...)
		cmd.Dir = j.root
		return cmd
	}
	text := os.Getenv("SOURCE_DATE_EPOCH")
	if text == "" {
		var err error
		if text, err = output(ctx, git("log", "-1", "--format=%ct")); err != nil {
			return version{}, err
		}
	}
	seconds, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return version{}, fmt.Errorf("SOURCE_DATE_EPOCH: %w", err)
	}
	at := time.Unix(seconds, 0)
	if number != "" {
		return parseVersion(number, at)
	}
	if tag, err := output(ctx, git("describe", "--exact-match", "--match", "v[0-9]*")); err == nil {
		return parseVersion(tag, at)
	}
	tag, err := output(ctx, git("describe", "--abbrev=0", "--match", "v[0-9]*"))
	if err != nil {
		tag = "" // nothing was ever released
	}
	return afterTag(tag, at)
}

// wanted is a choice among products, architectures and formats; a kind of which
// nothing was named is wanted whole.
type wanted struct{ named [3][]string }

func kinds() [][]string {
	k := make([][]string, 3)
	for _, p := range products {
		k[0] = append(k[0], p.name)
	}
	for _, a := range architectures {
		k[1] = append(k[1], a.name)
	}
	k[2] = []string{"deb", "rpm", "apk"}
	return k
}

func parseWanted(list string) (wanted, error) {
	var w wanted
	for _, word := range strings.FieldsFunc(list, func(r rune) bool { return r == ',' }) {
		kind := slices.IndexFunc(kinds(), func(k []string) bool { return slices.Contains(k, word) })
		if kind < 0 {
			return w, fmt.Errorf("there is no %q among %v", word, kinds())
		}
		w.named[kind] = append(w.named[kind], word)
	}
	return w, nil
}

func (w wanted) has(word string) bool {
	for i, k := range kinds() {
		if slices.Contains(k, word) {
			return len(w.named[i]) == 0 || slices.Contains(w.named[i], word)
		}
	}
	return false
}

// sweep makes the folder, and takes away what an earlier run left in it.
func sweep(dir string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	for _, pattern := range []string{"*.deb", "*.rpm", "*.apk", "*.cdx.json", "SHA256SUMS"} {
		old, err := filepath.Glob(filepath.Join(dir, pattern))
		if err != nil {
			return err
		}
		for _, f := range old {
			if err := os.Remove(f); err != nil {
				return err
			}
		}
	}
	return nil
}

// sums writes SHA256SUMS, as sha256sum -c reads it.
func sums(dir string) error {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	var text strings.Builder
	for _, e := range entries {
		if e.IsDir() || e.Name() == "SHA256SUMS" {
			continue
		}
		f, err := os.Open(filepath.Join(dir, e.Name()))
		if err != nil {
			return err
		}
		h := sha256.New()
		_, err = io.Copy(h, f)
		if err := errors.Join(err, f.Close()); err != nil {
			return err
		}
		fmt.Fprintf(&text, "%x  %s\n", h.Sum(nil), e.Name())
	}
	return os.WriteFile(filepath.Join(dir, "SHA256SUMS"), []byte(text.String()), 0o644)
}

// output runs a command and returns what it printed, or its complaint.
func output(ctx context.Context, cmd *exec.Cmd) (string, error) {
	var out, complaint strings.Builder
	cmd.Stdout, cmd.Stderr = &out, &complaint
	if err := cmd.Run(); err != nil {
		if ctx.Err() != nil {
			return "", ctx.Err()
		}
		return "", fmt.Errorf("%s: %w\n%s", strings.Join(cmd.Args, " "), err, complaint.String())
	}
	return strings.TrimSpace(out.String()), nil
}
