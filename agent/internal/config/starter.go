package config

import (
	_ "embed" // the text travels inside the program
	"strconv"
	"strings"
)

//go:embed starter.toml
var starter string

const noCloud = `# cloud = "https://cabinet.example.ru"`

// Starter is the file that an installer begins with: no tills, and the cabinet
// when its address is known. It is the person's from then on.
func Starter(cloud string) string {
	if cloud == "" {
		return starter
	}
	return strings.Replace(starter, noCloud, "cloud = "+strconv.Quote(cloud), 1)
}
