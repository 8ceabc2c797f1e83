// Windows makes the agent's packages for Windows: an MSI for amd64 and one for
// 386, with the program and the package signed.
//
//	go run ./installers/windows -version 1.4.0 -out dist
//
// The database is compiled by wixl (msitools), which lacks words for some of
// what Windows Installer can; those rows are added after it, see tables.go. What
// wixl would draw at random or take from the clock is made of the version and
// the files' contents, so that the same sources give the same unsigned package.
//
// # Signing
//
// osslsigncode signs by the key the environment names: SIGN_PKCS12, or
// SIGN_CERT with SIGN_KEY (PEM), with SIGN_PASSWORD for a locked one. SIGN_TSA
// is the address of a time-stamping authority (RFC 3161); without it nobody is
// asked. Without a key a development certificate is made, once for each user,
// that no Windows trusts. Its signatures carry no time of signing of their own
// but the sources', so they are alike in every build by that user.
//
// # What it does not
//
// It does not install: agent/internal/service and the agent's "prepare" do what
// an installer's tables cannot.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"strconv"
	"strings"
	"time"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := run(ctx, os.Args[1:], os.Stdout)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string, out io.Writer) error {
	flags := flag.NewFlagSet("windows", flag.ContinueOnError)
	version := flags.String("version", "", "version of the agent, as git describes it")
	dir := flags.String("out", "dist", "folder of the packages")
	arches := flags.String("arch", "amd64,386", "processors")
	agent := flags.String("agent", "", "a chekan-agent.exe that is built already, for one -arch")
	root := flags.String("root", "", "root.json: the keys whose releases are believed; without it the agent is not updated by the cabinet")
	epoch := flags.Int64("time", 0, "time of the sources, Unix seconds; by default that of the last commit")
	unsigned := flags.Bool("unsigned", false, "sign nothing")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if *version == "" {
		return errors.New("which version? -version 1.4.0")
	}
	when, err := sourceTime(ctx, *epoch)
	if err != nil {
		return err
	}
	var signer *Signer
	if !*unsigned {
		if signer, err = NewSigner(ctx, when); err != nil {
			return err
		}
	}
	for arch := range strings.SplitSeq(*arches, ",") {
		made, err := Build(ctx, Options{Version: *version, Arch: arch, Dir: *dir, Root: *root, Agent: *agent, Time: when, Signer: signer})
		if err != nil {
			return fmt.Errorf("package for %s: %w", arch, err)
		}
		if _, err := fmt.Fprintf(out, "%s  %s (unsigned content %s)\n", made.Sum, made.Path, made.Content); err != nil {
			return err
		}
	}
	return nil
}

// sourceTime is what the packages carry in place of the time of their making.
func sourceTime(ctx context.Context, epoch int64) (time.Time, error) {
	if epoch == 0 {
		text := []byte(os.Getenv("SOURCE_DATE_EPOCH"))
		var err error
		if len(text) == 0 {
			if text, err = output(exec.CommandContext(ctx, "git", "log", "-1", "--format=%ct")); err != nil {
				return time.Time{}, err
			}
		}
		if epoch, err = strconv.ParseInt(strings.TrimSpace(string(text)), 10, 64); err != nil {
			return time.Time{}, fmt.Errorf("read the time of the last commit: %w", err)
		}
	}
	return time.Unix(epoch, 0).UTC(), nil
}
