package main

import (
	"encoding/json"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/chekan-io/chekan/cloud/internal/fleet"
	"github.com/chekan-io/chekan/cloud/internal/remote"
	fiscalv1 "github.com/chekan-io/chekan/proto/gen/fiscal/v1"
)

// TestActWords: what the journal of acts can hold has a name in every language, and nothing has a name that it cannot hold. Acts are
// literals ("till.moved"), or are put together of a prefix and a word ("command." and an action).
func TestActWords(t *testing.T) {
	acts, prefixes := actsInCode(t)
	families := map[string][]string{
		"command.": actionWords(func(a fiscalv1.Action) bool { return !fleet.ForAgent(a) }),
		"agent.":   actionWords(fleet.ForAgent),
		"rule.":    remote.Rules,
		"work.":    {"running", "paused", "cancelled"}, // what people can have a work do
	}
	for prefix := range prefixes {
		words, known := families[prefix]
		if !known {
			t.Errorf("acts begin with %q at %s: say here what may follow", prefix, prefixes[prefix])
		}
		for _, word := range words {
			acts[prefix+word] = prefixes[prefix]
		}
	}
	for prefix := range families {
		if prefixes[prefix] == "" {
			t.Errorf("no act begins with %q any more", prefix)
		}
	}
	if len(acts) < 80 {
		t.Fatalf("only %d acts found", len(acts))
	}
	for _, lang := range []string{"ru", "kk", "en"} {
		raw, err := os.ReadFile("web/src/words/" + lang + "/journal.json")
		if err != nil {
			t.Fatal(err)
		}
		var file struct {
			Journal struct{ Acts map[string]any }
		}
		if err := json.Unmarshal(raw, &file); err != nil {
			t.Fatal(err)
		}
		named := map[string]string{}
		flatten(named, "", file.Journal.Acts)
		for _, act := range slices.Sorted(maps.Keys(acts)) {
			if strings.TrimSpace(named[act]) == "" {
				t.Errorf("%s: journal.acts.%s is missing (%s)", lang, act, acts[act])
			}
		}
		for _, act := range slices.Sorted(maps.Keys(named)) {
			if acts[act] == "" {
				t.Errorf("%s: journal.acts.%s is the name of no act", lang, act)
			}
		}
	}
}

func actionWords(which func(fiscalv1.Action) bool) (words []string) {
	for number, name := range fiscalv1.Action_name {
		if number != 0 && which(fiscalv1.Action(number)) {
			words = append(words, strings.ToLower(strings.TrimPrefix(name, "ACTION_")))
		}
	}
	return words
}

func flatten(into map[string]string, path string, words map[string]any) {
	for key, word := range words {
		switch word := word.(type) {
		case map[string]any:
			flatten(into, path+key+".", word)
		case string:
			into[path+key] = word
		}
	}
}

var (
	actForm    = regexp.MustCompile(`^[a-z_]+(\.[a-z_]+)+$`)
	prefixForm = regexp.MustCompile(`^[a-z_]+\.$`)
)

// actsInCode gives the acts and the prefixes of acts that stand in files which write to the journal, with the place of one of each.
func actsInCode(t *testing.T) (acts, prefixes map[string]string) {
	t.Helper()
	acts, prefixes = map[string]string{}, map[string]string{}
	files := token.NewFileSet()
	err := filepath.WalkDir("internal", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return err
		}
		file, err := parser.ParseFile(files, path, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		if !slices.ContainsFunc(file.Imports, func(i *ast.ImportSpec) bool { return strings.HasSuffix(i.Path.Value, `cloud/internal/audit"`) }) {
			return nil
		}
		ast.Inspect(file, func(n ast.Node) bool {
			literal, ok := n.(*ast.BasicLit)
			if !ok || literal.Kind != token.STRING {
				return true
			}
			text, err := strconv.Unquote(literal.Value)
			if err != nil {
				t.Error(err)
			}
			at := fmt.Sprint(files.Position(literal.Pos()))
			switch {
			case actForm.MatchString(text):
				acts[text] = at
			case prefixForm.MatchString(text):
				prefixes[text] = at
			}
			return true
		})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return acts, prefixes
}
