package main

import (
	"testing"

	"github.com/chekan-io/chekan/agent/internal/crashtest"
	"github.com/chekan-io/chekan/agent/internal/uplink"
)

// The uplink looks for reports where the crash test leaves them.
func TestCertificatesFolder(t *testing.T) {
	if crashtest.Folder != uplink.CertificatesDir {
		t.Errorf("kept in %q, looked for in %q", crashtest.Folder, uplink.CertificatesDir)
	}
}
