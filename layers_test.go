// Package chekan_test keeps the house in order: the arrows between folders, the packages that alone may touch
// something, and the rule that every package explains itself. The tables below are the house's plan; docs/architecture.md
// says the same in prose. It holds no test of behaviour.
package chekan_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/chekan-io/chekan/"

// arrow says what the packages under a folder may import of ours, directly or through others.
type arrow struct {
	from  string   // folder; the most exact match counts
	may   []string // folders whose packages it may import besides its own
	tests []string // further folders that its tests may import
	why   string   // what breaks for a person when the arrow is turned round
}

// arrows is the plan of the house (docs/architecture.md).
var arrows = []arrow{
	{
		from: "protocol/fiscal",
		why:  "the words of the trade depend on nobody, so that every other package can use them",
	},
	{
		from: "protocol", may: []string{"protocol/fiscal"},
		why: "a wire format knows only the words of the trade; it can then be read from a driver, a simulator or the cloud",
	},
	{
		from: "drivers", may: []string{"protocol"}, tests: []string{"sim"},
		why: "a driver turns a wire into a till; it never hears of the agent, the cloud or their messages",
	},
	{
		from: "sim", may: []string{"protocol", "proto/gen"},
		why: "a simulator that shared code with drivers would repeat their mistakes and could not catch them; proto/gen is its control API",
	},
	{
		from: "agent", may: []string{"drivers", "protocol", "proto/gen", "proto/pack"}, tests: []string{"sim", "agent/internal/till/tilltest", "installers/release"},
		why: "agent and cloud meet only in proto, so that either can be replaced while the other keeps working",
	},
	{
		from: "agent/internal/till/tilltest", may: []string{"agent", "drivers", "protocol", "proto/gen", "sim"},
		why: "the test bench joins both ends of the wire; a program that imported it would be caught by the arrow above",
	},
	{
		from: "cloud", may: []string{"protocol", "proto/gen", "proto/pack"}, tests: []string{"installers/release", "sim"},
		why: "the cloud asks the agent; it never drives a device. Of protocol it uses the decoders",
	},
	{
		from: "proto/gen",
		why:  "what our programs say to each other is made from proto/ and depends on nothing of ours",
	},
	{
		from: "proto/pack", may: []string{"proto/gen"},
		why: "both ends of the uplink pack alike, so the packing belongs to the conversation and to neither program",
	},
	{
		from: "docs/integration/client",
		why:  "the sample shows what a program in any language can do, so it has nothing of ours",
	},
	{
		from: "agent/internal/crashtest/scenario", may: []string{"agent", "drivers", "protocol", "proto/gen"}, tests: []string{"sim"},
		why: "the scenarios published for other programs run against the agent as it is, with a simulated till",
	},
	{
		from: "installers", may: []string{"proto/gen"}, tests: []string{"proto/gen"},
		why: "installers pack programs that are built already and speak to them as anybody would",
	},
	{
		from: "tools",
		why:  "tools are not part of the programs",
	},
}

// sole lists what only one package may import: one place to read, and one place to be wrong in.
var sole = []struct {
	imports string // import path, or its prefix when it ends in a slash
	only    []string
	why     string
}{
	{"go.etcd.io/bbolt", []string{"agent/internal/journal"}, "the journal is the only package that opens the agent's file"},
	{"go.bug.st/serial", []string{"drivers/wire"}, "serial ports, TCP and USB hide behind wire.Conn"},
	{"github.com/google/gousb", []string{"drivers/wire"}, "serial ports, TCP and USB hide behind wire.Conn"},
	{"github.com/kardianos/service", []string{"agent/internal/service"}, "under the service wrapper the agent runs the same as in a console"},
	{"database/sql", []string{"cloud/internal/store"}, "SQL lives in store; handlers translate, authorise and call"},
	{"modernc.org/sqlite", []string{"cloud/internal/store"}, "SQL lives in store; handlers translate, authorise and call"},
	{"github.com/jackc/pgx/", []string{"cloud/internal/store"}, "SQL lives in store; handlers translate, authorise and call"},
	{"github.com/pressly/goose/", []string{"cloud/internal/store"}, "SQL lives in store; handlers translate, authorise and call"},
	{"github.com/nats-io/nats-server/", []string{"cloud/internal/wake"}, "the broker may be an external one; only wake knows which it is"},
}

// pure lists the folders that may not touch the outside world: no files, no network, no log, no clock.
var pure = []struct{ folder, why string }{
	{"protocol", "what turns bytes into values does no I/O, so that it can be fuzzed and read anywhere"},
	{"agent/internal/settle", "the decision about an unfinished document is a pure function with a table of tests"},
	{"cloud/internal/light", "what colour a till is, and why, is a pure function with a table of tests"},
	{"cloud/internal/contact", "how a number or an address is kept is a pure function with a table of tests"},
	{"cloud/internal/taxid", "which rule a number breaks is a pure function with a table of tests"},
}

// outside are the packages of the standard library that pure folders do without.
var outside = []string{"os", "os/exec", "net", "net/http", "log", "log/slog", "syscall"}

// clock are the functions of package time that ask for the current time or wait for it.
var clock = []string{"Now", "Since", "Until", "Sleep", "After", "AfterFunc", "NewTimer", "NewTicker", "Tick"}

// topLevel are the folders of the house; another one needs a decision record (docs/decisions) and a line here.
var topLevel = []string{"agent", "cloud", "docs", "drivers", "installers", "proto", "protocol", "sim", "tools"}

// nameless are the folder names that say nothing about what is inside.
var nameless = []string{"common", "helpers", "manager", "misc", "models", "pkg", "types", "util", "utils"}

// pkg is what these tests need of `go list -json`.
type pkg struct {
	Dir, ImportPath, Name, Doc                string
	Imports, Deps                             []string
	GoFiles, CgoFiles                         []string
	TestImports, XTestImports                 []string
	TestGoFiles, XTestGoFiles, IgnoredGoFiles []string
}

// folder is the package's place in the repository.
func (p *pkg) folder() string { return strings.TrimPrefix(p.ImportPath, module) }

// queries is made by sqlc, which writes no package comment.
const queries = "cloud/internal/store/db"

// generated tells the packages whose text is not written by hand.
func (p *pkg) generated() bool { return within(p.folder(), "proto/gen") }

func within(folder, parent string) bool {
	return folder == parent || strings.HasPrefix(folder, parent+"/")
}

func anyWithin(folder string, parents []string) bool {
	return slices.ContainsFunc(parents, func(parent string) bool { return within(folder, parent) })
}

// list returns the packages of this module, without this one.
func list(t *testing.T) []*pkg {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "go", "list", "-deps",
		"-json=Dir,ImportPath,Name,Doc,Imports,Deps,GoFiles,CgoFiles,TestImports,XTestImports,TestGoFiles,XTestGoFiles,IgnoredGoFiles", "./...")
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v\n%s", err, stderr.Bytes())
	}
	var pkgs []*pkg
	for dec := json.NewDecoder(bytes.NewReader(out)); ; {
		p := new(pkg)
		if err := dec.Decode(p); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		if strings.HasPrefix(p.ImportPath, module) {
			pkgs = append(pkgs, p)
		}
	}
	if len(pkgs) == 0 {
		t.Fatal("go list found no package of this module")
	}
	return pkgs
}

func arrowFor(folder string) (arrow, bool) {
	var best arrow
	for _, a := range arrows {
		if within(folder, a.from) && len(a.from) > len(best.from) {
			best = a
		}
	}
	return best, best.from != ""
}

func TestArrows(t *testing.T) {
	for _, p := range list(t) {
		a, ok := arrowFor(p.folder())
		if !ok {
			t.Errorf("%s has no arrow: say in layers_test.go what it may import", p.folder())
			continue
		}
		for _, dep := range p.Deps {
			if to, ours := strings.CutPrefix(dep, module); ours && !allowed(a, to, false) {
				t.Errorf("%s depends on %s: %s", p.folder(), to, a.why)
			}
		}
		for _, dep := range slices.Concat(p.TestImports, p.XTestImports) {
			if to, ours := strings.CutPrefix(dep, module); ours && !allowed(a, to, true) {
				t.Errorf("the tests of %s import %s: %s", p.folder(), to, a.why)
			}
		}
	}
}

// allowed tells whether a package under a.from may import the package in folder to. Packages of one protocol do not
// import those of another: there the own folder is the wire format, not all of protocol.
func allowed(a arrow, to string, test bool) bool {
	if anyWithin(to, a.may) || test && anyWithin(to, a.tests) {
		return true
	}
	if !within(to, a.from) {
		return false
	}
	own, _ := arrowFor(to)
	return own.from == a.from
}

// carries says which wire formats have another inside them, and why; any other two share only protocol/fiscal.
var carries = []struct{ format, inside, why string }{
	{"fn", "ffd", "the memory takes and gives documents as objects of the fiscal data format"},
	{"ofd", "ffd", "the operator's answer is a document of the fiscal data format"},
	{"shtrih", "ffd", "the till takes and gives objects of the fiscal data format"},
	{"slip", "ffd", "a slip is a document of the fiscal data format, laid out"},
	{"escpos", "slip", "a printer is given the lines of a slip"},
}

func TestArrows_protocols(t *testing.T) {
	for _, p := range list(t) {
		rest, ok := strings.CutPrefix(p.folder(), "protocol/")
		if !ok {
			continue
		}
		format, _, _ := strings.Cut(rest, "/")
		for _, dep := range p.Imports {
			to, ours := strings.CutPrefix(dep, module)
			if !ours || to == "protocol/fiscal" || within(to, "protocol/"+format) {
				continue
			}
			inside := false
			for _, c := range carries {
				inside = inside || c.format == format && within(to, "protocol/"+c.inside)
			}
			if !inside {
				t.Errorf("%s imports %s: one package a wire format; formats share only protocol/fiscal and what one carries of another", p.folder(), to)
			}
		}
	}
}

func TestSole(t *testing.T) {
	for _, p := range list(t) {
		for _, s := range sole {
			if anyWithin(p.folder(), s.only) || p.generated() {
				continue
			}
			for _, dep := range p.Imports {
				if dep == s.imports || strings.HasSuffix(s.imports, "/") && strings.HasPrefix(dep, s.imports) {
					t.Errorf("%s imports %s; only %s may: %s", p.folder(), dep, strings.Join(s.only, ", "), s.why)
				}
			}
		}
	}
}

func TestPure(t *testing.T) {
	for _, p := range list(t) {
		for _, rule := range pure {
			if !within(p.folder(), rule.folder) {
				continue
			}
			for _, dep := range p.Imports {
				if slices.Contains(outside, dep) {
					t.Errorf("%s imports %s: %s", p.folder(), dep, rule.why)
				}
			}
			for _, file := range p.GoFiles {
				for _, use := range clockUses(t, filepath.Join(p.Dir, file)) {
					t.Errorf("%s/%s asks the clock: %s", p.folder(), use, rule.why)
				}
			}
		}
	}
}

// clockUses returns the places of a file that ask package time for the current time.
func clockUses(t *testing.T, file string) []string {
	t.Helper()
	fset := token.NewFileSet()
	tree, err := parser.ParseFile(fset, file, nil, parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	var uses []string
	ast.Inspect(tree, func(n ast.Node) bool {
		sel, ok := n.(*ast.SelectorExpr)
		if !ok {
			return true
		}
		if x, ok := sel.X.(*ast.Ident); ok && x.Name == "time" && slices.Contains(clock, sel.Sel.Name) {
			pos := fset.Position(sel.Pos())
			pos.Filename = filepath.Base(pos.Filename)
			uses = append(uses, pos.String())
		}
		return true
	})
	return uses
}

func TestPackageDoc(t *testing.T) {
	for _, p := range list(t) {
		if p.generated() || p.folder() == queries || len(p.GoFiles)+len(p.CgoFiles) == 0 {
			continue
		}
		if program := p.Name == "main" && p.Doc != ""; !program && !strings.HasPrefix(p.Doc, "Package "+p.Name+" ") {
			t.Errorf("%s has no package comment: a new colleague reads it as the package's page", p.folder())
		}
	}
}

func TestFolders(t *testing.T) {
	out, err := exec.CommandContext(t.Context(), "git", "ls-files").Output()
	if err != nil {
		t.Fatalf("git ls-files: %v", err)
	}
	folders := map[string]bool{}
	for file := range strings.Lines(string(out)) {
		folders[path.Dir(strings.TrimSpace(file))] = true
	}
	for folder := range folders {
		top, _, _ := strings.Cut(folder, "/")
		if top != "." && !strings.HasPrefix(top, ".") && !slices.Contains(topLevel, top) {
			t.Errorf("%s: a new folder at the top needs a decision record and a line in layers_test.go", folder)
		}
		if slices.Contains(nameless, path.Base(folder)) {
			t.Errorf("%s: name the folder after what it holds", folder)
		}
	}
}

// TestArchitecture keeps docs/architecture.md whole: every package is in its table, by itself or by the folder around it.
func TestArchitecture(t *testing.T) {
	page, err := os.ReadFile("docs/architecture.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range list(t) {
		named := p.generated()
		for folder := p.folder(); strings.Contains(folder, "/") && !named; folder = path.Dir(folder) {
			named = bytes.Contains(page, []byte("`"+folder+"`"))
		}
		if !named && !bytes.Contains(page, []byte("`"+p.folder()+"`")) {
			t.Errorf("docs/architecture.md does not say what %s is for", p.folder())
		}
	}
}

// link is a link or picture of a page: [text](where) or ![text](where).
var link = regexp.MustCompile(`\]\(([^)#]+)`)

func TestLinks(t *testing.T) {
	out, err := exec.CommandContext(t.Context(), "git", "ls-files", "*.md").Output()
	if err != nil {
		t.Fatalf("git ls-files: %v", err)
	}
	for file := range strings.Lines(string(out)) {
		file = strings.TrimSpace(file)
		page, err := os.ReadFile(file)
		if err != nil {
			t.Error(err)
			continue
		}
		for _, m := range link.FindAllSubmatch(page, -1) {
			if where := string(m[1]); !strings.Contains(where, "://") {
				if _, err := os.Stat(filepath.Join(filepath.Dir(file), where)); err != nil {
					t.Errorf("%s points to %s, which is not there", file, where)
				}
			}
		}
	}
}

// TestArrows_table keeps the tables honest: a rule about a folder that is gone protects nothing.
func TestArrows_table(t *testing.T) {
	for _, a := range arrows {
		for _, folder := range slices.Concat([]string{a.from}, a.may, a.tests) {
			if _, err := os.Stat(folder); err != nil {
				t.Errorf("arrows name %s: %v", folder, err)
			}
		}
	}
	for _, s := range sole {
		for _, folder := range s.only {
			if _, err := os.Stat(folder); err != nil {
				t.Errorf("sole names %s: %v", folder, err)
			}
		}
	}
	for _, p := range pure {
		if _, err := os.Stat(p.folder); err != nil {
			t.Errorf("pure names %s: %v", p.folder, err)
		}
	}
}
