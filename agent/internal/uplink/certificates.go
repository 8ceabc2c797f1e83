package uplink

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"connectrpc.com/connect"

	uplinkv1 "github.com/chekan-io/chekan/proto/gen/uplink/v1"
)

const (
	// CertificatesDir is the folder, under that of the data, in which package
	// crashtest keeps its reports; their names begin with their time.
	CertificatesDir = "certificates"
	// certificatesEvery is how often a new report is looked for: a crash test
	// needs the till for itself, so it is run while the agent is stopped.
	certificatesEvery = 10 * time.Minute
)

// certificateLoop gives the newest report of a crash test to the cabinet. It
// is told again at every start: the cabinet knows it by its hash.
func (s *session) certificateLoop(ctx context.Context) {
	var wait backoff
	told := ""
	for {
		name, err := s.reportCertificate(ctx, told)
		switch connect.CodeOf(err) { //nolint:exhaustive // the other codes are worth another try soon
		case connect.CodeNotFound, connect.CodeUnimplemented: // the till is not known there yet, or certificates are not
		case connect.CodeInvalidArgument:
			s.o.Log.Warn("cabinet does not want the certificate", "file", name, "error", err)
			told = name
		default:
			if err != nil && !errors.Is(err, errCertificates) {
				if !wait.sleep(ctx, &s.link) {
					return
				}
				continue
			}
			told = name
		}
		wait.reset()
		if !pause(ctx, certificatesEvery, nil) {
			return
		}
	}
}

// errCertificates says that the reports could not be read.
var errCertificates = errors.New("reports of crash tests")

// reportCertificate gives the newest report unless it is the one told, and
// returns its name.
func (s *session) reportCertificate(ctx context.Context, told string) (string, error) {
	folder := filepath.Join(s.o.Dir, CertificatesDir)
	entries, err := os.ReadDir(folder) // in order of names
	if errors.Is(err, fs.ErrNotExist) {
		return told, nil
	}
	if err != nil {
		s.o.Log.Warn("certificates are not readable", "error", err)
		return told, fmt.Errorf("%w: %w", errCertificates, err)
	}
	newest := ""
	for _, e := range entries {
		if strings.HasSuffix(e.Name(), ".json") {
			newest = e.Name()
		}
	}
	if newest == told {
		return told, nil
	}
	file, err := os.ReadFile(filepath.Join(folder, newest))
	if err != nil {
		s.o.Log.Warn("certificate is not readable", "file", newest, "error", err)
		return told, fmt.Errorf("%w: %w", errCertificates, err)
	}
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	if _, err := s.rpc.ReportCertificate(ctx, &uplinkv1.ReportCertificateRequest{Report: file}); err != nil {
		return newest, err
	}
	s.o.Log.Info("certificate told", "file", newest)
	return newest, nil
}
