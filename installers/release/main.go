// Command release keeps the signed repository of the agent's releases; docs/releases.md tells the ceremony.
//
//	release key root-1.pem --passphrase-file F      a key pair
//	release init --repo DIR --root root-1.pem.pub … --threshold 2 --release release.pem.pub
//	release sign --repo DIR --key root-1.pem        a signature to the root that waits for it
//	release add --repo DIR --key release.pem --version 1.4.0 --binary linux-amd64=bin/chekan-agent …
//	release refresh --repo DIR --key release.pem    a new timestamp; weekly
//	release withdraw --repo DIR --key release.pem 1.4.0
//	release rotate --repo DIR --root … --release …  the next root, to be signed
//	release dev-root --out DIR                      a development repository with its keys
//
// Sealed keys are opened by --passphrase-file, or by the passphrase in
// CHEKAN_PASSPHRASE.
package main

import (
	"crypto/ed25519"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/alecthomas/kong"

	"github.com/chekan-io/chekan/installers/release/repository"
)

func main() {
	if err := execute(os.Args[1:], os.Stdout, os.Stderr); err != nil {
		fmt.Fprintln(os.Stderr, "release:", err)
		os.Exit(1)
	}
}

type commands struct {
	Key      keyCommand      `cmd:"" help:"Make a key pair."`
	Init     initCommand     `cmd:"" help:"Begin a repository."`
	Sign     signCommand     `cmd:"" help:"Sign the root that waits for signatures."`
	Add      addCommand      `cmd:"" help:"Add a release, and sign."`
	Refresh  refreshCommand  `cmd:"" help:"Sign what expires."`
	Withdraw withdrawCommand `cmd:"" help:"Give a version to nobody any more."`
	Rotate   rotateCommand   `cmd:"" help:"Begin the next root."`
	DevRoot  devRootCommand  `cmd:"" help:"Make a development repository with its keys."`
}

func execute(args []string, stdout, stderr io.Writer) error {
	var c commands
	parser, err := kong.New(&c, kong.Name("release"), kong.Description("The signed repository of releases."),
		kong.Writers(stdout, stderr), kong.BindTo(stdout, (*io.Writer)(nil)))
	if err != nil {
		return err
	}
	parsed, err := parser.Parse(args)
	if err != nil {
		return err
	}
	return parsed.Run()
}

// Passphrase opens or seals keys.
type Passphrase struct {
	PassphraseFile string `help:"File with the passphrase of the key; else CHEKAN_PASSPHRASE of the environment." type:"existingfile"`
}

func (p *Passphrase) read() ([]byte, error) {
	if p.PassphraseFile == "" {
		return []byte(os.Getenv("CHEKAN_PASSPHRASE")), nil
	}
	text, err := os.ReadFile(p.PassphraseFile)
	if err != nil {
		return nil, fmt.Errorf("read passphrase: %w", err)
	}
	return []byte(strings.TrimRight(string(text), "\r\n")), nil
}

type keyCommand struct {
	Passphrase
	File string `arg:"" help:"Where the private key goes; the public one goes to FILE.pub." type:"path"`
}

// Run implements the command.
func (c *keyCommand) Run(out io.Writer) error {
	passphrase, err := c.read()
	if err != nil {
		return err
	}
	k, err := repository.NewKey()
	if err != nil {
		return err
	}
	if err := repository.WriteKey(c.File, k, passphrase); err != nil {
		return err
	}
	id, err := repository.KeyID(repository.Public(k))
	if err != nil {
		return err
	}
	sealed := "sealed by the passphrase"
	if len(passphrase) == 0 {
		sealed = "not sealed"
	}
	_, err = fmt.Fprintf(out, "%s, %s\n", id, sealed)
	return err
}

// Owners name the keys of a root.
type Owners struct {
	Root      []string `help:"Public root keys." required:"" type:"existingfile"`
	Threshold int      `help:"How many root keys have to sign." default:"2"`
	Release   string   `help:"Public release key." required:"" type:"existingfile"`
}

func (o *Owners) read() (repository.Roots, ed25519.PublicKey, error) {
	roots := repository.Roots{Threshold: o.Threshold}
	for _, file := range o.Root {
		k, err := repository.ReadPublicKey(file)
		if err != nil {
			return roots, nil, err
		}
		roots.Keys = append(roots.Keys, k)
	}
	release, err := repository.ReadPublicKey(o.Release)
	return roots, release, err
}

type initCommand struct {
	Owners
	Repo string `help:"Folder of the repository." required:"" type:"path"`
}

// Run implements the command.
func (c *initCommand) Run(out io.Writer) error {
	roots, release, err := c.read()
	if err != nil {
		return err
	}
	if _, err := repository.Create(c.Repo, roots, release); err != nil {
		return err
	}
	_, err = fmt.Fprintf(out, "root 1 waits for %d signatures\n", c.Threshold)
	return err
}

type rotateCommand struct {
	Owners
	Repo string `help:"Folder of the repository." required:"" type:"existingdir"`
}

// Run implements the command.
func (c *rotateCommand) Run(out io.Writer) error {
	roots, release, err := c.read()
	if err != nil {
		return err
	}
	r, err := repository.Open(c.Repo)
	if err != nil {
		return err
	}
	if err := r.Rotate(roots, release); err != nil {
		return err
	}
	_, err = fmt.Fprintln(out, "the next root waits for signatures of the old root's keys and of its own")
	return err
}

// Signer is a repository and a key to sign with.
type Signer struct {
	Passphrase
	Repo string `help:"Folder of the repository." required:"" type:"existingdir"`
	Key  string `help:"Private key." required:"" type:"existingfile"`
}

func (s *Signer) open() (*repository.Repository, ed25519.PrivateKey, error) {
	passphrase, err := s.read()
	if err != nil {
		return nil, nil, err
	}
	k, err := repository.ReadKey(s.Key, passphrase)
	if err != nil {
		return nil, nil, err
	}
	r, err := repository.Open(s.Repo)
	return r, k, err
}

type signCommand struct{ Signer }

// Run implements the command.
func (c *signCommand) Run(out io.Writer) error {
	r, k, err := c.open()
	if err != nil {
		return err
	}
	err = r.SignRoot(k)
	if errors.Is(err, repository.ErrPending) {
		_, err := fmt.Fprintln(out, "signed; more signatures are needed")
		return err
	}
	if err != nil {
		return err
	}
	_, err = fmt.Fprintln(out, "signed; the root counts from now on")
	return err
}

type addCommand struct {
	Signer
	Version      string            `help:"Semantic version." required:""`
	Channel      string            `help:"stable or beta." default:"stable" enum:"stable,beta"`
	NotesFile    string            `help:"What is new, in Russian." type:"existingfile"`
	JournalWrite int               `help:"Number of the journal format it writes." default:"1"`
	JournalRead  []int             `help:"Oldest and newest journal format it reads." default:"1,1"`
	Binary       map[string]string `help:"Binary of a platform: linux-amd64=FILE." required:""`
}

// Run implements the command.
func (c *addCommand) Run(out io.Writer) error {
	release := repository.Release{Version: c.Version, Channel: c.Channel, Writes: c.JournalWrite, Binaries: c.Binary}
	if len(c.JournalRead) != 2 {
		return errors.New("--journal-read takes the oldest and the newest: 1,2")
	}
	release.Reads = [2]int(c.JournalRead)
	if c.NotesFile != "" {
		text, err := os.ReadFile(c.NotesFile)
		if err != nil {
			return fmt.Errorf("read notes: %w", err)
		}
		release.Notes = strings.TrimSpace(string(text))
	}
	r, k, err := c.open()
	if err != nil {
		return err
	}
	if err := r.Add(k, release); err != nil {
		return err
	}
	_, err = fmt.Fprintf(out, "%s is released on %s for %d platforms\n", c.Version, c.Channel, len(c.Binary))
	return err
}

type refreshCommand struct{ Signer }

// Run implements the command.
func (c *refreshCommand) Run(out io.Writer) error {
	r, k, err := c.open()
	if err != nil {
		return err
	}
	if err := r.Refresh(k); err != nil {
		return err
	}
	_, err = fmt.Fprintln(out, "signed anew")
	return err
}

type withdrawCommand struct {
	Signer
	Version string `arg:"" help:"Version."`
}

// Run implements the command.
func (c *withdrawCommand) Run(out io.Writer) error {
	r, k, err := c.open()
	if err != nil {
		return err
	}
	if err := r.Withdraw(k, c.Version); err != nil {
		return err
	}
	_, err = fmt.Fprintf(out, "%s is offered no more\n", c.Version)
	return err
}

type devRootCommand struct {
	Out string `help:"Folder for keys/, repository/ and root.json; what is there is used again." required:"" type:"path"`
}

// Run implements the command.
func (c *devRootCommand) Run(out io.Writer) error {
	if _, err := repository.OpenDev(c.Out); err != nil {
		return err
	}
	_, err := fmt.Fprintln(out, filepath.Join(c.Out, "root.json"))
	return err
}
