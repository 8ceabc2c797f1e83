package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/chekan-io/chekan/cloud/internal/updates"
)

func releasesDir(data string) string { return filepath.Join(data, "releases") }

type importCommand struct {
	Dir  string `arg:"" help:"Folder of the repository: metadata/ and targets/." type:"existingdir"`
	Root string `help:"Its first root, as the publisher gave it; compared at the first import." type:"existingfile"`
}

// Run implements the command. A running cabinet notices by itself.
func (c *importCommand) Run(sh *shell) error {
	var anchor []byte
	if c.Root != "" {
		var err error
		if anchor, err = os.ReadFile(c.Root); err != nil {
			return fmt.Errorf("read root: %w", err)
		}
	}
	done, err := updates.NewReleases(releasesDir(sh.config.Data), time.Now).Import(sh.ctx, c.Dir, anchor)
	if err != nil {
		return err
	}
	return sh.answer(map[string]any{"releases": len(done.Releases), "binaries": done.Binaries, "root": done.Root, "until_ms": done.Until.UnixMilli()},
		"Выпусков: %d, новых файлов: %d. Подписи действуют до %s.\nКорень ключей: %s\n", len(done.Releases), done.Binaries, done.Until.Local().Format("02.01.2006"), done.Root)
}

type listCommand struct{}

// Run implements the command.
func (*listCommand) Run(sh *shell) error {
	list, until, err := updates.NewReleases(releasesDir(sh.config.Data), time.Now).List()
	if err != nil {
		return err
	}
	type line struct {
		Version   string   `json:"version"`
		Channel   string   `json:"channel"`
		Platforms []string `json:"platforms"`
		Notes     string   `json:"notes"`
	}
	lines := make([]line, len(list))
	var text strings.Builder
	for i, r := range list {
		lines[i] = line{r.Version, r.Channel, r.Platforms, r.Notes}
		fmt.Fprintf(&text, "%-16s %-7s %s\n", r.Version, r.Channel, strings.Join(r.Platforms, " "))
	}
	if len(list) == 0 {
		text.WriteString("Выпусков нет: chekan-cloud releases import DIR\n")
	} else {
		fmt.Fprintf(&text, "Подписи действуют до %s.\n", until.Local().Format("02.01.2006"))
	}
	return sh.answer(map[string]any{"releases": lines}, "%s", text.String())
}
