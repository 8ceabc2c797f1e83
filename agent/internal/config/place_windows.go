package config

import (
	"os"
	"path/filepath"
)

func programData() string {
	if dir := os.Getenv("ProgramData"); dir != "" {
		return dir
	}
	return `C:\ProgramData`
}

func configDir() string { return filepath.Join(programData(), "Chekan") }

func dataDir() string { return filepath.Join(programData(), "Chekan", "agent") }

// DefaultRoot is where the package puts the keys whose releases are believed:
// beside the packaged program, which is not the one that runs after an update.
func DefaultRoot() string {
	dir := os.Getenv("ProgramFiles")
	if dir == "" {
		dir = `C:\Program Files`
	}
	return filepath.Join(dir, "Chekan", "root.json")
}
