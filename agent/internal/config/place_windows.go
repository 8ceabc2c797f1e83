package config

import (
	"path/filepath"

	"golang.org/x/sys/windows"
)

// known asks the system for a folder rather than the environment, which is
// written by whoever starts the program.
func known(id *windows.KNOWNFOLDERID, usual string) string {
	if dir, err := windows.KnownFolderPath(id, windows.KF_FLAG_DEFAULT); err == nil {
		return dir
	}
	return usual
}

func programData() string { return known(windows.FOLDERID_ProgramData, `C:\ProgramData`) }

func configDir() string { return filepath.Join(programData(), "Chekan") }

func dataDir() string { return filepath.Join(programData(), "Chekan", "agent") }

// DefaultRoot is where the package puts the keys whose releases are believed:
// beside the packaged program, which is not the one that runs after an update.
func DefaultRoot() string {
	return filepath.Join(known(windows.FOLDERID_ProgramFiles, `C:\Program Files`), "Chekan", "root.json")
}
