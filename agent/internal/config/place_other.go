//go:build !windows

package config

func configDir() string { return "/etc/chekan" }

func dataDir() string { return "/var/lib/chekan-agent" }

// DefaultRoot is where the package puts the keys whose releases are believed.
func DefaultRoot() string { return "/usr/share/chekan-agent/root.json" }
