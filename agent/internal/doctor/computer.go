package doctor

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"time"

	"github.com/chekan-io/chekan/agent/internal/health"
	"github.com/chekan-io/chekan/agent/internal/service"
)

// Computer is what the checks ask of this computer; tests put another one.
type Computer interface {
	// Free is the room left on the disk of a folder, bytes.
	Free(dir string) (int64, error)
	// Filesystem names the file system of a folder: "ext4", "tmpfs", "nfs".
	Filesystem(dir string) (string, error)
	// Sync measures durable writes in a folder: so many of them, how long each took.
	Sync(dir string, times int) ([]time.Duration, error)
	// Holders are the programs that have a port open, "name (pid)"; ours are left out.
	Holders(port string) ([]string, error)
	// Memory is what programs may still take and what there is, bytes.
	Memory() (available, total int64, err error)
}

func (e *Exam) service(context.Context) {
	if e.Service == nil {
		e.Service = service.State
	}
	state, err := e.Service()
	switch {
	case err != nil:
		e.skip("Состояние службы узнать не удалось: %v.", err)
	case state == service.Running:
		e.good("Служба установлена и работает.")
	case state == service.Stopped:
		e.add(Warning, "Запустите: chekan-agent start", "Служба установлена, но остановлена.")
	default:
		e.add(Warning, "Установите: chekan-agent install", "Служба не установлена: после перезагрузки компьютера агент не запустится.")
	}
}

func (e *Exam) answers(ctx context.Context) {
	if e.Connect == nil {
		e.skip("Агента спросить некому.")
		return
	}
	agent, err := e.Connect(e.Config)
	if err == nil {
		e.status, err = agent.Status(ctx)
		if err != nil {
			e.status = nil
		}
	}
	switch {
	case err != nil:
		e.add(Bad, "Запустите: chekan-agent start. Если не запускается, посмотрите "+filepath.Join(e.Config.Data, "logs", "agent.log"), "Агент не отвечает: %v.", err)
		return
	case e.status.GetVersion() != e.Version:
		e.add(Warning, "Перезапустите службу: chekan-agent stop, chekan-agent start", "Работает агент версии %s, а эта программа версии %s.", e.status.GetVersion(), e.Version)
	default:
		e.good("Агент %s отвечает по адресу %s.", e.status.GetVersion(), agent.Address())
	}
	e.agent = agent
}

func (e *Exam) dataFolder(context.Context) {
	dir := e.Config.Data
	fi, err := os.Stat(dir)
	switch {
	case errors.Is(err, os.ErrNotExist):
		e.add(Bad, "Папка создаётся при первом запуске: chekan-agent start", "Папки данных %s нет.", dir)
		return
	case err != nil:
		e.add(Bad, "Запустите от администратора.", "Папка данных: %v.", err)
		return
	case !fi.IsDir():
		e.add(Bad, "Укажите в ключе data папку.", "%s не папка.", dir)
		return
	}
	f, err := os.CreateTemp(dir, "doctor-*")
	if err != nil {
		e.add(Warning, "Запустите от администратора или от имени службы. Если так и есть, верните службе права на папку.", "В папку данных %s нельзя писать: %v.", dir, err)
		return
	}
	_ = f.Close()
	_ = os.Remove(f.Name())
	if runtime.GOOS != "windows" && fi.Mode().Perm()&0o007 != 0 {
		e.add(Warning, "Закройте её: chmod o-rwx "+dir, "Папку данных %s видят все пользователи компьютера.", dir)
		return
	}
	e.good("Папка данных %s на месте.", dir)
}

// doubtful says what is wrong with keeping a journal on a file system.
var doubtful = map[string]string{
	"tmpfs":   "живёт в памяти: после выключения компьютера журнал пропадёт",
	"ramfs":   "живёт в памяти: после выключения компьютера журнал пропадёт",
	"overlay": "слой контейнера: вместе с контейнером журнал пропадёт",
	"nfs":     "сетевая: обрыв сети остановит продажи, а запись может не дойти до диска",
	"cifs":    "сетевая: обрыв сети остановит продажи, а запись может не дойти до диска",
	"smb":     "сетевая: обрыв сети остановит продажи, а запись может не дойти до диска",
	"9p":      "общая папка виртуальной машины: запись может не дойти до диска",
	"fuse":    "работает через постороннюю программу: от неё зависит, дойдёт ли запись до диска",
	"vfat":    "без журнала и прав: от обрыва питания портится, файлы открыты всем",
	"exfat":   "без журнала и прав: от обрыва питания портится, файлы открыты всем",
}

func (e *Exam) filesystem(context.Context) {
	name, err := e.Computer.Filesystem(e.Config.Data)
	switch why := doubtful[name]; {
	case err != nil:
		e.skip("Файловую систему узнать не удалось: %v.", err)
	case why != "":
		e.add(Warning, "Перенесите папку данных (ключ data) на диск этого компьютера.", "Папка данных лежит на %s: она %s.", name, why)
	default:
		e.good("Папка данных лежит на %s.", name)
	}
}

// Limits of the disk: the journal refuses sales when there is no place left.
const (
	diskBad     = 100 << 20
	diskWarning = 1 << 30
)

func (e *Exam) disk(context.Context) {
	free, err := e.Computer.Free(e.Config.Data)
	switch {
	case err != nil:
		e.skip("Свободное место узнать не удалось: %v.", err)
	case free < diskBad:
		e.add(Bad, "Освободите место: без места для журнала продажи остановятся.", "На диске с данными осталось %s.", health.Size(free))
	case free < diskWarning:
		e.add(Warning, "Освободите место.", "На диске с данными мало места: %s.", health.Size(free))
	default:
		e.good("На диске с данными свободно %s.", health.Size(free))
	}
}

const (
	// syncs is how many durable writes are measured.
	syncs = 15
	// A write that is durable has been to the device and back. No device does
	// that within syncFloor: the quickest, an NVMe drive with a protected cache,
	// takes 10 to 20 µs for the write command alone, and the cache's flush comes
	// on top (NVM Express 2.0, Flush). What is quicker has stopped in memory.
	syncFloor = 10 * time.Microsecond
	// A sale waits for two of them.
	syncSlow = 100 * time.Millisecond
)

// durability measures whether a write that is said to be on disk can be there.
func (e *Exam) durability(context.Context) {
	took, err := e.Computer.Sync(e.Config.Data, syncs)
	if err != nil {
		e.skip("Запись на диск не измерена: %v.", err)
		return
	}
	slices.Sort(took)
	switch median := took[len(took)/2]; {
	case median < syncFloor:
		e.add(Warning, "Перенесите папку данных на настоящий диск или включите в виртуальной машине и в контроллере сброс кэша: после обрыва питания журнал может отстать от кассы.",
			"Запись на диск подтверждается за %s: так быстро не может ни один диск, значит, она остаётся в памяти.", duration(median))
	case median > syncSlow:
		e.add(Warning, "Проверьте диск и что его занимает: каждый чек ждёт двух таких записей.", "Запись на диск подтверждается за %s: это медленно.", duration(median))
	default:
		e.good("Запись доходит до диска за %s.", duration(median))
	}
}

func (e *Exam) token(context.Context) {
	path := filepath.Join(e.Config.Data, "token")
	fi, err := os.Stat(path)
	switch {
	case errors.Is(err, os.ErrNotExist):
		e.add(Bad, "Токен создаётся при первом запуске: chekan-agent start", "Токена для кассовой программы ещё нет.")
	case err != nil:
		e.add(Warning, "Запустите от администратора.", "Токен: %v.", err)
	case runtime.GOOS != "windows" && fi.Mode().Perm()&0o007 != 0:
		e.add(Bad, "Закройте файл: chmod o-rwx "+path, "Токен читают все пользователи компьютера: любой может пробить чек.")
	default:
		e.good("Токен для кассовой программы лежит в %s и закрыт от посторонних.", path)
	}
}

func (e *Exam) listen(context.Context) {
	if e.Config.ListenRemote {
		e.add(Warning, "Если кассовая программа на этом же компьютере, уберите listen_remote.", "К агенту могут обращаться другие компьютеры (%s).", e.Config.Listen)
		return
	}
	e.good("К агенту обращаются только с этого компьютера (%s).", e.Config.Listen)
}

// metricsLimit is how long the metrics may take: they are made from memory.
const metricsLimit = 3 * time.Second

func (e *Exam) metrics(ctx context.Context) {
	address := "http://" + e.Config.Metrics + "/metrics"
	switch {
	case e.Config.Metrics == "":
		e.skip("Метрики для Prometheus выключены (ключ metrics).")
		return
	case e.status == nil:
		e.skip("Метрики не проверены: агент не отвечает.")
		return
	}
	ctx, cancel := context.WithTimeout(ctx, metricsLimit)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, address, http.NoBody)
	if err == nil {
		client := http.Client{Transport: &http.Transport{DialContext: (&net.Dialer{}).DialContext}} // never through a proxy
		defer client.CloseIdleConnections()
		var answer *http.Response
		if answer, err = client.Do(r); err == nil {
			_ = answer.Body.Close()
			if answer.StatusCode != http.StatusOK {
				err = errors.New(answer.Status)
			}
		}
	}
	if err != nil {
		e.add(Warning, "Если ключ metrics изменён недавно, перезапустите службу. Если адрес занят другой программой, укажите другой порт.", "Метрики по адресу %s не отвечают: %v.", address, err)
		return
	}
	e.good("Метрики для Prometheus: %s", address)
}

// memoryLow is where the system begins to swap, or to end programs.
const memoryLow = 100 << 20

func (e *Exam) memory(context.Context) {
	available, total, err := e.Computer.Memory()
	switch {
	case err != nil:
		e.skip("Свободную память узнать не удалось: %v.", err)
	case available < memoryLow:
		e.add(Warning, "Закройте лишние программы: когда память кончится, система закроет какую-нибудь сама.", "Свободной памяти мало: %s из %s.", health.Size(available), health.Size(total))
	default:
		e.good("Свободной памяти %s из %s.", health.Size(available), health.Size(total))
	}
}

// builtAfter is a day before which no computer with this program can be.
var builtAfter = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

func (e *Exam) clock(context.Context) {
	now := e.Now()
	if now.Before(builtAfter) {
		e.add(Bad, "Установите точное время; если после выключения оно сбивается, замените батарейку материнской платы.", "Часы компьютера показывают %s.", now.Format("02.01.2006 15:04"))
		return
	}
	e.good("Часы компьютера: %s.", now.Format("02.01.2006 15:04:05 -07:00"))
}

// duration writes a short time.
func duration(d time.Duration) string {
	if d < time.Millisecond {
		return fmt.Sprintf("%.1f мкс", float64(d)/float64(time.Microsecond))
	}
	return fmt.Sprintf("%.1f мс", float64(d)/float64(time.Millisecond))
}
