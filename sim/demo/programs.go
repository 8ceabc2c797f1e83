package demo

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/cookiejar"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"connectrpc.com/connect"

	cabinetv1 "github.com/chekan-io/chekan/proto/gen/cabinet/v1"
	"github.com/chekan-io/chekan/proto/gen/cabinet/v1/cabinetv1connect"
	posv1 "github.com/chekan-io/chekan/proto/gen/pos/v1"
)

// outlet is where the tills stand.
const outlet = "Магазин на Ленина, 1"

// firstLogin is whom the cabinet makes at its first start.
const firstLogin = "admin"

// cabinet is the address of the cabinet for people.
func (d *demo) cabinet() string {
	return "http://" + net.JoinHostPort("127.0.0.1", strconv.Itoa(d.memory.Ports["cabinet"]))
}

// startCloud starts the cabinet and waits until it answers.
func (d *demo) startCloud(ctx context.Context) error {
	d.say("Запускаем кабинет.")
	dir := filepath.Join(d.Dir, "cloud")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	var listen [3]string
	for i, p := range []struct {
		name      string
		preferred int
	}{{"cabinet", cabinetPort}, {"agents", 0}, {"broker", 0}} {
		var err error
		// The agent knows the cabinet by the ports it was enrolled with.
		if listen[i], err = d.port(ctx, p.name, p.preferred, true); err != nil {
			return err
		}
	}
	settings := filepath.Join(d.Dir, "cloud.toml")
	text := fmt.Sprintf("data = %s\nlisten = %q\nagents = %q\nbroker = %q\norganisation = %q\nsignup = \"open\"\n",
		quote(dir), listen[0], listen[1], listen[2], "ООО «Ромашка»")
	if err := os.WriteFile(settings, []byte(text), 0o600); err != nil {
		return err
	}
	passwordFile := filepath.Join(dir, "admin-password")
	var err error
	if d.cloud, err = d.launch("chekan-cloud", d.Cloud, "--config", settings, "run", "--admin-password-file", passwordFile); err != nil {
		return err
	}
	access := cabinetv1connect.NewAccessServiceClient(http.DefaultClient, d.cabinet())
	if err := d.until(ctx, time.Minute, "кабинет ответит", func(ctx context.Context) (bool, error) {
		ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
		defer cancel()
		_, err := access.WhoAmI(ctx, &cabinetv1.WhoAmIRequest{})
		return connect.CodeOf(err) == connect.CodeUnauthenticated, err
	}); err != nil {
		return err
	}
	if d.memory.Password == "" {
		b, err := os.ReadFile(passwordFile)
		if err != nil {
			return fmt.Errorf("пароль администратора: %w", err)
		}
		d.memory.Login, d.memory.Password = firstLogin, strings.TrimSpace(string(b))
		return errors.Join(d.remember(), os.Remove(passwordFile))
	}
	return nil
}

// quote writes a path as TOML does: a literal string, when it can.
func quote(path string) string {
	if strings.Contains(path, "'") {
		return strconv.Quote(path)
	}
	return "'" + path + "'"
}

// startAgent writes the agent's configuration, starts it and waits for its door.
func (d *demo) startAgent(ctx context.Context) error {
	d.say("Запускаем агента.")
	dir := filepath.Join(d.Dir, "agent")
	listen, err := d.port(ctx, "door", doorPort, false)
	if err != nil {
		return err
	}
	var b strings.Builder
	fmt.Fprintf(&b, "data = %s\nlisten = %q\ncloud = %q\n", quote(dir), listen, d.cabinet())
	for _, t := range d.tills {
		fmt.Fprintf(&b, "\n[[till]]\nname = %q\ndriver = %q\nwire = %s\nfinish_print = %q\n", t.name, t.driver(), quote(t.wire), t.finish)
		if t.printer != "" {
			fmt.Fprintf(&b, "printer = %s\n", quote(t.printer))
		}
		if t.ofd != "" {
			fmt.Fprintf(&b, "ofd = %q\n", t.ofd)
		}
	}
	settings := d.agentSettings()
	if err := os.WriteFile(settings, []byte(b.String()), 0o600); err != nil {
		return err
	}
	if d.agent, err = d.launch("chekan-agent", d.Agent, "--config", settings, "run"); err != nil {
		return err
	}
	d.door.tokenFile = filepath.Join(dir, "token")
	return d.until(ctx, time.Minute, "агент откроет дверь кассовой программе", func(ctx context.Context) (bool, error) {
		token, err := os.ReadFile(d.door.tokenFile)
		if err != nil {
			return false, nil // not written yet
		}
		d.door.open(listen, strings.TrimSpace(string(token)))
		ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
		defer cancel()
		_, err = d.door.pos.ListTills(ctx, &posv1.ListTillsRequest{})
		return err == nil, err
	})
}

func (d *demo) agentSettings() string { return filepath.Join(d.Dir, "chekan-agent.toml") }

// person is the cabinet as the administrator's browser has it.
func (d *demo) person(ctx context.Context) (cabinetv1connect.FleetServiceClient, error) {
	jar, err := cookiejar.New(nil)
	if err != nil {
		return nil, err
	}
	client := &http.Client{Jar: jar}
	ctx, cancel := context.WithTimeout(ctx, 15*time.Second)
	defer cancel()
	_, err = cabinetv1connect.NewAccessServiceClient(client, d.cabinet()).
		SignIn(ctx, &cabinetv1.SignInRequest{Login: d.memory.Login, Password: d.memory.Password})
	if err != nil {
		return nil, fmt.Errorf("войти в кабинет: %w", err)
	}
	return cabinetv1connect.NewFleetServiceClient(client, d.cabinet()), nil
}

// join enrols the agent unless it is enrolled already, and waits until its
// tills stand in the cabinet.
func (d *demo) join(ctx context.Context) error {
	asked, cancel := context.WithTimeout(ctx, 15*time.Second)
	defer cancel()
	status, err := d.door.technician.AgentStatus(asked, &posv1.AgentStatusRequest{})
	if err != nil {
		return fmt.Errorf("спросить агента: %w", err)
	}
	if status.GetAgentId() != "" {
		return d.until(ctx, time.Minute, "агент свяжется с кабинетом", func(ctx context.Context) (bool, error) {
			ctx, cancel := context.WithTimeout(ctx, 15*time.Second)
			defer cancel()
			status, err := d.door.technician.AgentStatus(ctx, &posv1.AgentStatusRequest{})
			return status.GetCloudOnline(), err
		})
	}
	d.say("Подключаем агента к кабинету одноразовым кодом.")
	fleet, err := d.person(ctx)
	if err != nil {
		return err
	}
	asked, cancel = context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	code, err := fleet.CreateEnrolmentCode(asked, &cabinetv1.CreateEnrolmentCodeRequest{Outlet: outlet})
	if err != nil {
		return fmt.Errorf("получить код: %w", err)
	}
	if _, err := d.door.technician.Enroll(asked, &posv1.EnrollRequest{Code: code.GetCode(), Cloud: code.GetCloud()}); err != nil {
		return fmt.Errorf("подключить агента: %w", err)
	}
	return d.until(ctx, time.Minute, "кассы появятся в кабинете", func(ctx context.Context) (bool, error) {
		ctx, cancel := context.WithTimeout(ctx, 15*time.Second)
		defer cancel()
		r, err := fleet.ListTills(ctx, &cabinetv1.ListTillsRequest{})
		ready := 0
		for _, t := range r.GetTills() {
			known := slices.ContainsFunc(d.tills, func(own *till) bool { return own.name == t.GetName() })
			if known && t.GetState().GetOnline() {
				ready++
			}
		}
		return ready == len(d.tills), err
	})
}

// invite says how to come in and what to try.
func (d *demo) invite(ctx context.Context, control string) error {
	state, err := d.state(ctx, second)
	if err != nil {
		return err
	}
	d.say("\nГотово.")
	for _, t := range d.tills {
		d.say("  %s", t.describe())
	}
	d.say("\n  Кабинет: %s\n  Логин:   %s\n  Пароль:  %s", d.cabinet(), d.memory.Login, d.memory.Password)
	d.say("  Письма и SMS с кодами: %s", filepath.Join(d.Dir, "cloud", "post"))
	d.say("\n%s", d.advice(state.GetPaperOwed()))
	d.say("\nЖурналы: %s. Остановить: Ctrl-C.", d.short(filepath.Join(d.Dir, "logs")))
	if d.OnceReadyFile == "" {
		return nil
	}
	return writeJSON(d.OnceReadyFile, Ready{
		Cabinet: d.cabinet(), Login: d.memory.Login, Password: d.memory.Password, POS: d.door.address, Token: d.door.tokenFile,
		Control: control, SimDir: filepath.Join(d.Dir, "sim"), AgentPID: d.agent.pid(),
	})
}

// advice is the three things to try.
func (d *demo) advice(owed bool) string {
	sim := "chekan-sim"
	if exe, err := os.Executable(); err == nil {
		sim = d.short(exe)
	}
	simDir := d.short(filepath.Join(d.Dir, "sim"))
	finish := fmt.Sprintf(`1. Допечатать чек. В чеке на %[1]s кончилась бумага; чек в накопителе есть, рулон уже новый.
   Откройте в кабинете «%[1]s» и нажмите «Продолжить печать». Что напечатала касса:
     %[2]s slip --dir %[3]s --till %[1]s`, second, sim, simDir)
	if !owed {
		finish = fmt.Sprintf(`1. Оборвать чек. Пусть на %[1]s бумага кончится через 9 строк; пробейте чек (пункт 2, касса %[1]s), вставьте рулон
   и нажмите в кабинете «Продолжить печать»:
     %[2]s paper in --lines 9 --dir %[3]s --till %[1]s
     %[2]s paper in --dir %[3]s --till %[1]s`, second, sim, simDir)
	}
	advice := fmt.Sprintf(`Что попробовать:

%[1]s

2. Пробить чек из любой программы, хоть из curl. Тот же ключ ещё раз: тот же чек, второго не будет.
     curl -s %[2]s/pos.v1.PosService/Submit -H "Authorization: Bearer $(cat %[3]s)" -H 'Content-Type: application/json' -d '{
       "key": "order-1", "till": "%[4]s", "kind": "KIND_SALE",
       "receipt": {"items": [{"name": "Кофе", "quantity": "2", "price": "15000", "vat": "22"}], "payments": {"cash": "50000"}}}'

3. Вынуть бумагу и посмотреть, что скажут касса и кабинет; вставить обратно: %[4]s допечатывает сама.
     %[5]s paper out --dir %[6]s --till %[4]s
     %[5]s paper in --dir %[6]s --till %[4]s`, finish, d.door.address, d.short(d.door.tokenFile), first, sim, simDir)
	if d.Till == tillFNPrint {
		advice += fmt.Sprintf(`

4. Выключить ОФД: документы %[1]s копятся и уходят сами, когда он вернётся. Что он принял и совпадает ли это с накопителем:
     %[2]s ofd behave down --dir %[3]s
     %[2]s ofd behave accept --dir %[3]s
     %[2]s ofd verify --dir %[3]s`, first, sim, simDir)
	}
	return advice
}
