package crashtest

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// Folder is where reports are kept under the agent's data folder; the agent
// gives the newest to the cabinet.
const Folder = "certificates"

// Keep leaves a copy of a report with the agent's data, named by its time so
// that the newest is the last.
func Keep(data string, c Certificate, file []byte) error {
	folder := filepath.Join(data, Folder)
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return fmt.Errorf("keep the report: %w", err)
	}
	path := filepath.Join(folder, c.Circumstances.Ended.UTC().Format("20060102T150405Z")+".json")
	f, err := os.OpenFile(path+".new", os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return fmt.Errorf("keep the report: %w", err)
	}
	_, err = f.Write(file)
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err == nil {
		err = os.Rename(path+".new", path)
	}
	if err != nil {
		return fmt.Errorf("keep the report: %w", err)
	}
	return nil
}
