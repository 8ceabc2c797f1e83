package cli

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/chekan-io/chekan/agent/internal/config"
	"github.com/chekan-io/chekan/agent/internal/secret"
	"github.com/chekan-io/chekan/agent/internal/service"
	"github.com/chekan-io/chekan/agent/internal/uplink"
)

// prepareCommand is what an installer asks of the program it has just put in
// place: the folders, the first configuration, the rest of the service's
// settings, and a code for the first start. It may be repeated: an upgrade does.
type prepareCommand struct {
	Cloud string `help:"Адрес кабинета." placeholder:"АДРЕС"`
	Code  string `help:"Одноразовый код из кабинета." placeholder:"КОД"`
}

// Run implements the command. Only what makes the agent impossible fails it: an
// installation that is rolled back for a mistyped code helps nobody.
func (c *prepareCommand) Run(e *env) error {
	path, err := filepath.Abs(e.configPath)
	if err != nil {
		return fmt.Errorf("find the configuration: %w", err)
	}
	// A folder in ProgramData may have been made by anybody beforehand. A
	// stranger's is put aside whole: what is in it is his.
	dir := filepath.Dir(path)
	err = secret.Folder(dir)
	if errors.Is(err, secret.ErrForeign) {
		aside, asideErr := os.MkdirTemp(filepath.Dir(dir), filepath.Base(dir)+".foreign-")
		if asideErr == nil {
			asideErr = os.Rename(dir, filepath.Join(aside, filepath.Base(dir)))
		}
		if asideErr != nil {
			return fmt.Errorf("%w (%w)", err, asideErr)
		}
		e.complain("Папка %s принадлежала другому пользователю и перенесена в %s.", dir, aside)
		err = secret.Folder(dir)
	}
	if err != nil {
		return fmt.Errorf("папка настроек: %w", err)
	}
	if err := begin(e, path, c.Cloud); err != nil {
		return err
	}
	data := config.DataOf(path)
	if err := secret.Folder(data); err != nil {
		return fmt.Errorf("папка данных: %w", err)
	}
	for _, d := range []string{dir, data} {
		if err := secret.Share(d); err != nil {
			e.complain("%v", err) // made by the system, it is trusted anyway
		}
	}
	if err := service.Prepare(); err != nil {
		e.complain("Служба настроена не полностью: %v", err)
	}
	if c.Code == "" {
		return nil
	}
	cloud := c.Cloud
	if cloud == "" {
		if cfg, err := e.load(); err == nil {
			cloud = cfg.Cloud
		}
	}
	if err := uplink.LeaveCode(data, cloud, c.Code); err != nil {
		e.complain("Код не принят: %v. Подключить агента можно потом: chekan-agent enroll КОД", err)
	}
	return nil
}

// begin writes the first configuration; one that is there stays.
func begin(e *env, path, cloud string) error {
	if _, err := os.Stat(path); !errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if cloud != "" && config.CheckCloud(cloud) != nil {
		e.complain("Адрес кабинета %q не годится и в настройки не вписан.", cloud)
		cloud = ""
	}
	if err := newFolder(filepath.Dir(path)); err != nil {
		return fmt.Errorf("создать файл настроек: %w", err)
	}
	if err := os.WriteFile(path, []byte(config.Starter(cloud)), 0o600); err != nil {
		return fmt.Errorf("создать файл настроек: %w", err)
	}
	e.say("Создан файл настроек %s: впишите в него кассы или найдите их командой chekan-agent till find.", path)
	return nil
}

// newFolder makes a folder for the configuration. Windows' service has an
// account that has to be let in; a folder that is there is its owner's affair.
func newFolder(dir string) error {
	if _, err := os.Stat(dir); secret.Sealed && errors.Is(err, os.ErrNotExist) {
		return secret.Folder(dir)
	}
	return os.MkdirAll(dir, 0o755)
}
