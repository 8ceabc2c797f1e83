//go:build !windows

package config

func configDir() string { return "/etc/chekan" }

func dataDir() string { return "/var/lib/chekan-agent" }
