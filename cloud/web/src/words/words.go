// Package words holds the pages' sentences about what is wrong with tills, for programs that write letters about the same: one
// code has one meaning wherever it is read. Everything else the pages say is for the pages.
package words

import (
	"embed"
	"encoding/json"
	"fmt"
)

//go:embed ru/base.json kk/base.json en/base.json
var files embed.FS

// Problem is a code of the traffic light or of an agent in words: what is so, and what to do. {{holes}} are filled by its values.
type Problem struct{ Text, Todo string }

// Problems gives the words of every code in a language: ru, kk or en.
func Problems(lang string) (map[string]Problem, error) {
	text, err := files.ReadFile(lang + "/base.json")
	if err != nil {
		return nil, fmt.Errorf("words of problems: %w", err)
	}
	var words struct{ Problems map[string]Problem }
	if err := json.Unmarshal(text, &words); err != nil {
		return nil, fmt.Errorf("words of problems: %s: %w", lang, err)
	}
	return words.Problems, nil
}
