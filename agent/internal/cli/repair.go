package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/chekan-io/chekan/agent/internal/journal"
	fiscalv1 "github.com/chekan-io/chekan/proto/gen/fiscal/v1"
	journalv1 "github.com/chekan-io/chekan/proto/gen/journal/v1"
	posv1 "github.com/chekan-io/chekan/proto/gen/pos/v1"
)

type journalRepairCommand struct {
	DryRun bool   `help:"Только сказать, что будет сделано; ничего не менять. Можно при работающем агенте."`
	Dir    string `help:"Папка журнала; по умолчанию из файла настроек." type:"path" placeholder:"ПАПКА"`
}

// repairAnswer is the answer in JSON.
type repairAnswer struct {
	Done       bool            `json:"done"` // false: a dry run
	Operations uint64          `json:"operations"`
	Files      []repairedFile  `json:"files"`
	Findings   []string        `json:"findings,omitempty"`
	Asked      []repairedAsked `json:"asked"`
}

type repairedFile struct {
	File       string `json:"file"`
	Cause      string `json:"cause"`
	Operations int    `json:"operations"`
	Missing    int    `json:"missing"`
	Doubtful   int    `json:"doubtful"`
	Kept       string `json:"kept"`
}

type repairedAsked struct {
	Key   string `json:"key"`
	Till  string `json:"till"`
	Kind  string `json:"kind"`
	Begun bool   `json:"begun"`
	After uint32 `json:"after_fd"`
}

// Run implements the command. The agent repairs its journal by itself when it
// starts; this does the same with somebody looking. It fails when something
// was lost or contradicts itself.
func (c *journalRepairCommand) Run(e *env) (err error) {
	ctx, cancel := e.timeout(actTimeout)
	defer cancel()
	dir := c.Dir
	if dir == "" {
		cfg, err := e.load()
		if err != nil {
			return err
		}
		dir = filepath.Join(cfg.Data, "journal")
		if d, err := openDoor(cfg); err == nil && !c.DryRun {
			if _, err := d.technician.AgentStatus(ctx, &posv1.AgentStatusRequest{}); err == nil {
				return errors.New("агент работает, журнал открыт: чинить на ходу нельзя.\nПосмотреть, не останавливая: chekan-agent journal repair --dry-run\nПочинить: chekan-agent stop, затем эта команда, затем chekan-agent start")
			}
		}
	}
	j, err := c.open(ctx, e, dir)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, j.Close()) }()
	answer, err := examine(ctx, j)
	if err != nil {
		return fmt.Errorf("журнал не читается: %w", err)
	}
	answer.Done = !c.DryRun
	code := ExitDone
	for _, f := range answer.Files {
		if f.Missing > 0 || c.DryRun {
			code = ExitNotDone
		}
	}
	if len(answer.Findings) > 0 {
		code = ExitNotDone
	}
	if e.json {
		if err := e.printAnyJSON(answer); err != nil {
			return err
		}
		return exit(code)
	}
	e.tellRepair(answer)
	return exit(code)
}

// open opens the journal itself, which repairs it, or a copy.
func (c *journalRepairCommand) open(ctx context.Context, e *env, dir string) (*journal.Journal, error) {
	var j *journal.Journal
	_, err := os.Stat(filepath.Join(dir, "identity"))
	if err == nil && !c.DryRun {
		var exe string
		if exe, err = os.Executable(); err == nil {
			j, err = journal.Open(ctx, dir, journal.Options{Verify: journal.VerifyInChild(exe)})
		}
	} else if err == nil || errors.Is(err, fs.ErrNotExist) && c.DryRun {
		j, err = e.look(ctx, dir)
	}
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, fmt.Errorf("в папке %s журнала нет: %w", dir, err)
	case errors.Is(err, fs.ErrPermission):
		return nil, fmt.Errorf("нет прав на журнал %s: запустите от администратора (%w)", dir, err)
	case errors.Is(err, journal.ErrLocked):
		return nil, fmt.Errorf("журнал %s открыт другим процессом: остановите агента (chekan-agent stop)", dir)
	case errors.Is(err, journal.ErrNewer):
		return nil, fmt.Errorf("журнал %s записан более новой версией программы: он не тронут, обновите программу", dir)
	case err != nil:
		return nil, fmt.Errorf("журнал %s не чинится, ничего не потеряно, файлы на месте: %w", dir, err)
	}
	return j, nil
}

// examine collects what was damaged and what the tills will be asked.
func examine(ctx context.Context, j *journal.Journal) (repairAnswer, error) {
	answer := repairAnswer{Files: []repairedFile{}, Asked: []repairedAsked{}}
	for _, s := range j.Salvaged() {
		answer.Files = append(answer.Files, repairedFile{
			File: s.File, Cause: causeWords(s.Cause), Operations: s.Operations, Missing: s.Missing, Doubtful: s.Doubtful, Kept: s.Kept,
		})
	}
	var err error
	if answer.Findings, answer.Operations, err = j.Check(ctx); err != nil {
		return answer, err
	}
	unfinished, err := j.Unfinished()
	for _, rec := range unfinished {
		if op := rec.GetOperation(); op.GetStage() != fiscalv1.Stage_STAGE_ENDED {
			answer.Asked = append(answer.Asked, askedOf(rec))
		}
	}
	return answer, err
}

func askedOf(rec *journalv1.Record) repairedAsked {
	op := rec.GetOperation()
	return repairedAsked{Key: op.GetKey(), Till: op.GetTill(), Kind: kindWord(op), Begun: rec.GetBegun(), After: rec.GetBaseline().GetLastFd()}
}

// causes are the words for what damages a file, by a part of what is found.
var causes = []struct{ part, words string }{
	{"it is empty", "файл пуст"},
	{"reading it hangs", "чтение файла не кончается: страницы ссылаются по кругу"},
	{"killed the process", "чтение файла роняет программу: страницы ссылаются в никуда"},
	{"checksum error", "испорчен заголовок файла"},
	{"invalid database", "испорчен заголовок файла"},
	{"version mismatch", "испорчен заголовок файла"},
	{"is damaged", "испорчены записи"},
	{"has no bucket", "испорчено оглавление"},
	{"record ", "записи и оглавление не сходятся"},
	{"page ", "испорчены страницы файла"},
}

func causeWords(err error) string {
	text := strings.TrimPrefix(err.Error(), journal.ErrDamaged.Error()+": ")
	for _, c := range causes {
		if strings.Contains(text, c.part) {
			return fmt.Sprintf("%s (%s)", c.words, text)
		}
	}
	return text
}

func (e *env) tellRepair(a repairAnswer) {
	if len(a.Files) == 0 && len(a.Findings) == 0 {
		e.say("Журнал в порядке, чинить нечего. Операций: %d.", a.Operations)
	}
	missing := 0
	for _, f := range a.Files {
		missing += f.Missing
		e.say("Файл %s повреждён: %s.", f.File, f.Cause)
		if a.Done {
			e.say("  Из него прочитано и перенесено в новый файл операций: %d. Повреждённый файл цел и лежит рядом: %s.", f.Operations, f.Kept)
		} else {
			e.say("  Из него можно прочитать операций: %d. Они будут перенесены в новый файл, а этот останется рядом под именем %s.damaged-….", f.Operations, f.File)
		}
		if f.Doubtful > 0 {
			e.say("  Не взято записей: %d. Они начаты и не дописаны, о них никому не отвечали.", f.Doubtful)
		}
		if f.Missing > 0 {
			e.say("  Не прочитать операций: %d.", f.Missing)
		}
	}
	if missing > 0 {
		e.say("Чеки непрочитанных операций целы в ФН и у оператора, потеряна только память агента о них. Прежде чем повторить старую продажу, найдите её в ФН: без этой памяти агент не узнает повтор.")
	}
	for _, line := range a.Findings {
		e.say("Противоречие: %s", line)
	}
	if len(a.Asked) == 0 {
		e.say("Кассы спрашивать не о чем: незаконченных операций нет.")
		return
	}
	e.say("При запуске агент выяснит у касс, чем кончилось (сам ничего не пробивая):")
	for _, q := range a.Asked {
		if q.Begun {
			e.say("  касса %s, %s, ключ %s: есть ли в ФН такой документ после ФД %d", q.Till, q.Kind, q.Key, q.After)
		} else {
			e.say("  касса %s, %s, ключ %s: команда кассе не отправлялась, ответ будет «не выполнено»", q.Till, q.Kind, q.Key)
		}
	}
}
