// Package health holds the declared problems: what can be wrong with a till or
// with the agent, how bad it is, what to say and what to do. The cashier's
// answer, the command line, the local page and the cabinet read the same table.
//
// [Of] is a pure function from a [Picture] to the problems standing now;
// [Set] remembers since when each has stood.
//
// This package neither reads devices nor repairs anything.
package health

import (
	"fmt"
	"sort"
	"strconv"
	"strings"

	"github.com/chekan-io/chekan/drivers"
	"github.com/chekan-io/chekan/protocol/fiscal"
	"github.com/chekan-io/chekan/protocol/fn"
)

// Severity orders problems.
type Severity uint8

// Severities.
const (
	Info Severity = iota + 1
	Warning
	Critical
)

// Codes of problems beside the codes of drivers.Error and the reasons of
// package settle.
const (
	CodeOffline     = "offline"
	CodeUnfinished  = "unfinished"
	CodeNeedsPerson = "needs_person"
	CodePaperOwed   = "paper_owed"
	CodeForeign     = "foreign_document"
	CodeFNExpiring  = "fn_expiring"
	CodeFNMemory    = "fn_memory"
	CodeFNFailed    = "fn_failed"
	CodeOFDQueue    = "ofd_queue"
	CodeClockSkew   = "clock_skew"
	CodeJournal     = "journal"
	CodeJournalFull = "journal_full"
	CodeWithdrawn   = "withdrawn"
	CodeStopping    = "stopping"
	CodeSwapped     = "swapped"
	CodeFNSwapped   = "fn_swapped"
	CodeDuplicate   = "possible_duplicate"
	CodeUpdating    = "updating"
	CodeSuspended   = "suspended"

	// Delivery to the operator of fiscal data, where the agent does it.
	CodeOFDName        = "ofd_dns"
	CodeOFDRefused     = "ofd_refused"
	CodeOFDUnreachable = "ofd_unreachable"
	CodeOFDSilent      = "ofd_silent"
	CodeOFDDropped     = "ofd_dropped"
	CodeOFDWrong       = "ofd_wrong_answer"
	CodeOFDUnknown     = "ofd_unknown"
	CodeOFDTill        = "ofd_till"
	CodeOFDOwnLink     = "ofd_own_link"
	CodeOFDFormat      = "ofd_format"
	CodeOFDNotice      = "ofd_notice"
)

// Words of one problem: what happened and what to do, in Russian. {name}
// stands for an argument.
type Words struct {
	Severity Severity
	Text     string
	Todo     string
}

// Table is every problem the agent can declare or give as a reason.
var Table = map[string]Words{
	CodeOffline:     {Critical, "Касса не отвечает.", "Проверьте питание кассы и кабель. Если касса зависла: держите кнопку питания 3–5 секунд."},
	CodeUnfinished:  {Critical, "Выясняется, пробит ли последний документ.", "Не бейте чек ещё раз: ответ появится сам, обычно за несколько секунд."},
	CodeNeedsPerson: {Critical, "Не удалось выяснить, пробит ли последний документ.", "Сверьте чек с лентой и решите в разделе «Требуют решения»."},
	CodePaperOwed:   {Warning, "Чек пробит, но не допечатан.", "Вставьте бумагу и нажмите «Продолжить печать». Второй раз чек не бейте."},
	CodeForeign:     {Warning, "На кассе появился чужой документ: ФД {fd}.", "С кассой работает другая программа. Закройте её."},
	CodeFNExpiring:  {Warning, "Срок фискального накопителя кончается {date}.", "Закажите замену накопителя."},
	CodeFNMemory:    {Warning, "Память фискального накопителя почти заполнена.", "Закажите замену накопителя."},
	CodeFNFailed:    {Critical, "Фискальный накопитель сообщает о своём отказе.", "Обратитесь в обслуживание: накопитель надо заменить."},
	CodeOFDQueue:    {Warning, "В ОФД не передано документов: {count}, самый старый от {from}.", "Проверьте интернет кассы. Через 30 дней касса остановится."},
	CodeClockSkew:   {Warning, "Часы кассы расходятся с часами компьютера на {minutes} мин.", "Закройте смену и выполните «Установить время»."},
	CodeJournal:     {Critical, "Журнал агента повреждён: {what}.", "Продажи записываются в новый журнал. Обратитесь в обслуживание."},
	CodeJournalFull: {Critical, "На диске нет места для журнала.", "Освободите место на диске компьютера и повторите."},
	CodeWithdrawn:   {Warning, "Касса была занята, до операции очередь не дошла.", "Повторите."},
	CodeStopping:    {Warning, "Агент останавливается.", "Повторите через минуту."},
	CodeSuspended:   {Warning, "Касса приостановлена: {reason} (приостановил {by}).", "Новые операции на ней не начинаются. Возобновить её можно в кабинете или на этом компьютере: chekan-agent till resume."},
	CodeUpdating:    {Warning, "Агент обновляется.", "Повторите через несколько секунд."},
	CodeDuplicate:   {Warning, "Возможный дубль: такая же операция уже была, её результата никто не прочёл.", "Сначала узнайте результат первой. Если это другая покупка, повторите с подтверждением."},
	CodeSwapped:     {Critical, "Отвечает другая касса: зав. № {serial}, а нужна № {was}.", "Верните прежнюю кассу. Если её заменили, подтвердите: chekan-agent till accept."},
	CodeFNSwapped:   {Critical, "В кассе другой фискальный накопитель: {fn}, а был {was}.", "Верните прежний накопитель. Если его заменили, подтвердите: chekan-agent till accept."},

	CodeOFDName:        {Warning, "Не удалось узнать адрес ОФД: имя {address} не находится.", "Проверьте интернет и DNS на этом компьютере; проверьте имя узла в настройках."},
	CodeOFDRefused:     {Warning, "ОФД по адресу {address} не принимает соединение: порт закрыт.", "Проверьте порт в настройках. Если он верный, исходящие соединения закрывает межсетевой экран или у ОФД работы."},
	CodeOFDUnreachable: {Warning, "До ОФД по адресу {address} не дойти: соединение не устанавливается.", "Проверьте интернет. Разрешите этому компьютеру исходящие соединения на этот адрес и порт."},
	CodeOFDSilent:      {Warning, "ОФД по адресу {address} принимает соединение и не отвечает.", "Проверьте, что это адрес для документов, а не для маркировки. Если верный, подождите: отправка повторится сама."},
	CodeOFDDropped:     {Warning, "ОФД по адресу {address} разорвал соединение, не ответив.", "Проверьте договор с ОФД и что эта касса в нём заведена. Отправка повторится сама."},
	CodeOFDWrong:       {Warning, "По адресу {address} отвечает не ОФД, или его ответ искажён.", "Проверьте адрес и порт. Посредник или антивирус, который вмешивается в соединение, должен его пропускать."},
	CodeOFDUnknown:     {Warning, "Неизвестно, куда передавать документы: ОФД с ИНН {inn} нет в списке.", "Укажите в настройках кассы ofd = \"узел:порт\" или добавьте оператора в файл operators.toml."},
	CodeOFDTill:        {Warning, "Касса не отдала документ для ОФД.", "Проверьте питание кассы и кабель. Отправка повторится сама."},
	CodeOFDOwnLink:     {Warning, "У кассы есть непереданные документы, но она не отдаёт их агенту: передаёт сама.", "Проверьте интернет кассы. Если передавать должен агент, выключите в кассе собственный обмен с ОФД; если касса, укажите ofd = \"off\"."},
	CodeOFDFormat:      {Warning, "ОФД нашёл ошибку в формате документа: ФД {fd}.", "Документ передан. Обновите программу кассы или обратитесь в обслуживание."},
	CodeOFDNotice:      {Info, "Сообщение оператора фискальных данных: {what}.", "Выполните просьбу оператора."},

	drivers.CodeLink:          {Critical, "Касса не ответила.", "Проверьте питание кассы и кабель."},
	drivers.CodeGone:          {Critical, "Порт кассы пропал.", "Проверьте кабель кассы."},
	drivers.CodeInUse:         {Critical, "Порт кассы занят другой программой.", "Закройте другую программу, которая работает с кассой."},
	drivers.CodeBusy:          {Info, "Касса печатает.", "Подождите."},
	drivers.CodeNoPaper:       {Critical, "В кассе нет бумаги.", "Вставьте рулон и закройте крышку."},
	drivers.CodeCoverOpen:     {Critical, "Открыта крышка кассы.", "Закройте крышку."},
	drivers.CodeContinue:      {Warning, "Бумага вставлена, касса ждёт продолжения печати.", "Нажмите «Продолжить печать»."},
	drivers.CodePrinter:       {Critical, "Принтер чеков не отвечает или неисправен.", "Проверьте питание и кабель принтера; если он мигает, выключите и включите его."},
	drivers.CodeMode:          {Critical, "Касса не принимает команду в этом режиме.", "Нажмите «Проверить»."},
	drivers.CodeShiftExpired:  {Critical, "Смена длится больше 24 часов.", "Закройте смену и откройте новую."},
	drivers.CodeShiftClosed:   {Info, "Смена закрыта.", "Откройте смену."},
	drivers.CodeShiftOpen:     {Info, "Смена уже открыта.", "Сначала закройте смену."},
	drivers.CodeFN:            {Critical, "Фискальный накопитель не отвечает или отказал.", "Перезагрузите кассу. Если не поможет: обратитесь в обслуживание."},
	drivers.CodeFNBlocked:     {Critical, "Фискальный накопитель заблокирован.", "Передайте документы в ОФД или замените накопитель: обратитесь в обслуживание."},
	drivers.CodeClock:         {Critical, "Касса потеряла время или ждёт его подтверждения.", "Выполните «Установить время»."},
	drivers.CodeNoCash:        {Info, "В денежном ящике меньше наличных, чем нужно выдать.", "Внесите наличные или измените сумму."},
	drivers.CodeRefused:       {Warning, "Касса отказала.", "Исправьте операцию и повторите."},
	drivers.CodeStuck:         {Critical, "Касса застряла в служебном режиме.", "Выполните «Восстановить»."},
	drivers.CodeOpenDocument:  {Critical, "На кассе открыт незавершённый документ.", "Закройте его в той программе, что его начала, или выполните «Восстановить»."},
	drivers.CodeNotRegistered: {Critical, "Касса не зарегистрирована.", "Зарегистрируйте кассу: chekan-agent till register."},
	drivers.CodeRegistered:    {Info, "Касса уже зарегистрирована.", "Чтобы изменить данные, сделайте перерегистрацию."},
	drivers.CodeFormat:        {Warning, "Фискальный накопитель не принял содержание документа; документ отменён.", "Исправьте данные и повторите."},
	drivers.CodeOFDAnswer:     {Warning, "Фискальный накопитель не принял ответ ОФД.", "Документ будет передан ещё раз. Если повторяется: обратитесь к своему ОФД."},
	drivers.CodeUnsupported:   {Info, "Эта касса так не умеет.", "Выберите другое действие."},

	"not_fiscalised": {Warning, "Касса не завершила документ: в фискальном накопителе его нет.", "Повторите."},
	"fn_replaced":    {Critical, "Фискальный накопитель заменён, пока судьба документа была неизвестна.", "Прочтите прежний накопитель или решите в разделе «Требуют решения»."},
	"counter_back":   {Critical, "Номер документа в накопителе уменьшился.", "Остановите работу и обратитесь в обслуживание."},
	"candidates":     {Critical, "В накопителе несколько похожих документов.", "Решите, какой из них ваш, в разделе «Требуют решения»."},
	"foreign_open":   {Critical, "На кассе открыт чужой документ.", "Закройте его в той программе, что его начала, или выполните «Восстановить»."},
	"counters":       {Critical, "Счётчики кассы изменились не так, как ожидалось.", "Сверьте ленту и решите в разделе «Требуют решения»."},
}

// Problem is one declared problem standing now.
type Problem struct {
	Code string
	Args map[string]string
	// Vendor is the device's own number, 0 when there is none. It is shown
	// beside the text, so that an unknown code keeps its number.
	Vendor int
}

// Words gives the texts with the arguments put in.
func (p Problem) Words() Words {
	w, ok := Table[p.Code]
	if !ok {
		w = Words{Critical, "Неизвестная неисправность «" + p.Code + "».", "Обратитесь в обслуживание."}
	}
	w.Text, w.Todo = fill(w.Text, p.Args), fill(w.Todo, p.Args)
	if p.Vendor != 0 {
		w.Text += fmt.Sprintf(" (код %d, %02Xh)", p.Vendor, p.Vendor)
	}
	return w
}

func fill(s string, args map[string]string) string {
	for k, v := range args {
		s = strings.ReplaceAll(s, "{"+k+"}", v)
	}
	return s
}

// Picture is everything the problems of a till are derived from.
type Picture struct {
	Known   bool           // the device has been read at least once
	Failure *drivers.Error // the last reading failed
	Status  drivers.Status
	FNUntil fiscal.DateTime
	// Skew is device clock less computer clock, seconds.
	Skew        int64
	Now         fiscal.DateTime
	Unfinished  string // key of the operation being settled
	NeedsPerson string // reason, when a person has to decide
	PaperOwed   bool
	Foreign     uint32 // FD of somebody else's document seen last
	// Stranger is a device that answers in the till's place: CodeSwapped or
	// CodeFNSwapped.
	Stranger *Problem
	// Suspended is set while nothing new is begun on the till.
	Suspended *Problem
	// Delivery is what the carrying of documents to the operator suffers from.
	Delivery []Problem
}

// said writes a time as people here say it.
func said(t fiscal.DateTime) string {
	return fmt.Sprintf("%02d.%02d.%04d %02d:%02d", t.Day, t.Month, t.Year, t.Hour, t.Minute)
}

// Limits of cabinet.md, part E3.
const (
	skewLimit    = 5 * 60 // seconds: the fiscal memory itself refuses beyond five minutes
	fnDays       = 30
	ofdQueueDays = 1
)

// Of gives the problems of the picture, worst first.
func Of(p Picture) []Problem {
	var out []Problem
	add := func(code string, args map[string]string) { out = append(out, Problem{Code: code, Args: args}) }
	if p.Stranger != nil {
		out = append(out, *p.Stranger)
	}
	switch {
	case p.NeedsPerson != "":
		add(p.NeedsPerson, nil)
		add(CodeNeedsPerson, nil)
	case p.Unfinished != "":
		add(CodeUnfinished, nil)
	}
	if p.Failure != nil {
		code := p.Failure.Code
		if code == drivers.CodeLink {
			code = CodeOffline
		}
		out = append(out, Problem{Code: code, Vendor: p.Failure.Vendor})
	} else if p.Known {
		out = append(out, ofStatus(p)...)
	}
	if p.PaperOwed {
		add(CodePaperOwed, nil)
	}
	if p.Suspended != nil {
		out = append(out, *p.Suspended)
	}
	if p.Foreign != 0 {
		add(CodeForeign, map[string]string{"fd": strconv.FormatUint(uint64(p.Foreign), 10)})
	}
	out = append(out, p.Delivery...)
	sort.SliceStable(out, func(i, j int) bool { return out[i].Words().Severity > out[j].Words().Severity })
	return out
}

func ofStatus(p Picture) (out []Problem) {
	add := func(code string, args map[string]string) { out = append(out, Problem{Code: code, Args: args}) }
	switch p.Status.Mode {
	case drivers.ModeShiftExpired:
		add(drivers.CodeShiftExpired, nil)
	case drivers.ModeStuck:
		add(drivers.CodeStuck, nil)
	case drivers.ModeBlocked:
		add(drivers.CodeFNBlocked, nil)
	case drivers.ModeClock:
		add(drivers.CodeClock, nil)
	case drivers.ModeUnregistered:
		add(drivers.CodeNotRegistered, nil)
	case drivers.ModeOpenDocument, drivers.ModeReady:
	}
	if p.Status.Open != drivers.OpenNothing && p.Unfinished == "" {
		add(drivers.CodeOpenDocument, nil)
	}
	switch p.Status.Paper {
	case drivers.PaperOut:
		add(drivers.CodeNoPaper, nil)
	case drivers.PaperCover:
		add(drivers.CodeCoverOpen, nil)
	case drivers.PaperContinue:
		add(drivers.CodeContinue, nil)
	case drivers.PaperAbsent:
		add(drivers.CodePrinter, nil)
	case drivers.PaperReady, drivers.PaperPrinting:
	}
	if s := p.Status; s.Unsent > 0 && !s.UnsentFrom.IsZero() && p.Now.Sub(s.UnsentFrom) > ofdQueueDays*86400 {
		add(CodeOFDQueue, map[string]string{"count": strconv.FormatUint(uint64(s.Unsent), 10), "from": said(s.UnsentFrom)})
	}
	if p.FNUntil.Valid() && p.FNUntil.Sub(p.Now) < fnDays*86400 {
		add(CodeFNExpiring, map[string]string{"date": fmt.Sprintf("%02d.%02d.%04d", p.FNUntil.Day, p.FNUntil.Month, p.FNUntil.Year)})
	}
	if w := fn.Warnings(p.Status.FNWarnings); w&fn.WarnCritical != 0 {
		add(CodeFNFailed, nil)
	} else if w&fn.WarnMemory != 0 {
		add(CodeFNMemory, nil)
	}
	if p.Skew > skewLimit || p.Skew < -skewLimit {
		add(CodeClockSkew, map[string]string{"minutes": strconv.FormatInt(p.Skew/60, 10)})
	}
	return out
}
