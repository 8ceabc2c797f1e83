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
