package ofdlink

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"syscall"

	"github.com/chekan-io/chekan/drivers"
)

// Kind says what keeps documents from being delivered.
type Kind string

// Kinds of failure.
const (
	KindDNS         Kind = "ofd_dns"           // the name has no address, or no name server answers
	KindRefused     Kind = "ofd_refused"       // the computer is there, nobody listens
	KindUnreachable Kind = "ofd_unreachable"   // no way to the computer
	KindSilent      Kind = "ofd_silent"        // took what was sent and does not answer
	KindDropped     Kind = "ofd_dropped"       // hung up instead of answering
	KindWrongAnswer Kind = "ofd_wrong_answer"  // whoever answers is no operator, or answers nonsense
	KindNotTaken    Kind = "ofd_answer"        // the fiscal memory does not take the operator's answer
	KindNoOperator  Kind = "ofd_unknown"       // no address for the operator the till is registered with
	KindTill        Kind = "ofd_till"          // the till itself fails
	KindOwnLink     Kind = "ofd_till_own_link" // the till has documents and gives no message: it delivers by itself
)

// words say what happened and what to do; %s is the address.
var words = map[Kind]struct{ text, todo string }{
	KindDNS: {"Не удалось узнать адрес ОФД: имя %s не находится.",
		"Проверьте интернет и DNS на этом компьютере; проверьте имя узла в настройках."},
	KindRefused: {"ОФД по адресу %s не принимает соединение: порт закрыт.",
		"Проверьте порт в настройках. Если он верный, исходящие соединения закрывает межсетевой экран или у ОФД работы."},
	KindUnreachable: {"До ОФД по адресу %s не дойти: соединение не устанавливается.",
		"Проверьте интернет. Разрешите этому компьютеру исходящие соединения на этот адрес и порт."},
	KindSilent: {"ОФД по адресу %s принимает соединение и не отвечает.",
		"Проверьте, что это адрес для документов, а не для маркировки. Если верный, подождите: отправка повторится сама."},
	KindDropped: {"ОФД по адресу %s разорвал соединение, не ответив.",
		"Проверьте договор с ОФД и что эта касса в нём заведена. Отправка повторится сама."},
	KindWrongAnswer: {"По адресу %s отвечает не ОФД, или его ответ искажён.",
		"Проверьте адрес и порт. Посредник или антивирус, который вмешивается в соединение, должен его пропускать."},
	KindNotTaken: {"Фискальный накопитель не принял ответ ОФД (%s).",
		"Документ будет передан ещё раз. Если повторяется: обратитесь к своему ОФД."},
	KindNoOperator: {"Неизвестно, куда передавать документы: ОФД с ИНН %s нет в списке.",
		"Укажите в настройках кассы ofd = \"узел:порт\" или добавьте оператора в файл operators.toml."},
	KindTill: {"Касса не отдала документ для ОФД.",
		"Проверьте питание кассы и кабель. Отправка повторится сама."},
	KindOwnLink: {"У кассы есть непереданные документы, но она не отдаёт их агенту: передаёт сама.",
		"Проверьте интернет кассы. Если передавать должен агент, выключите в кассе собственный обмен с ОФД; если касса, укажите ofd = \"off\"."},
}

// Failure is one failed attempt, with the words for a person.
type Failure struct {
	Kind    Kind
	Address string // or the operator's INN for KindNoOperator
	Err     error
}

// Error is for logs.
func (f *Failure) Error() string { return fmt.Sprintf("%s %s: %v", f.Kind, f.Address, f.Err) }

// Unwrap gives the cause.
func (f *Failure) Unwrap() error { return f.Err }

// Text says in Russian what happened.
func (f *Failure) Text() string {
	w := words[f.Kind]
	if f.Kind == KindTill || f.Kind == KindOwnLink {
		return w.text
	}
	return fmt.Sprintf(w.text, f.Address)
}

// Todo says in Russian what to do.
func (f *Failure) Todo() string { return words[f.Kind].todo }

// dialFailure sorts an error of the dialling.
func dialFailure(address string, err error) *Failure {
	kind := KindUnreachable
	var dns *net.DNSError
	switch {
	case errors.As(err, &dns):
		kind = KindDNS
	case refusedConnection(err):
		kind = KindRefused
	}
	return &Failure{kind, address, err}
}

// wsaRefused is WSAECONNREFUSED, what Windows says for ECONNREFUSED.
const wsaRefused = syscall.Errno(10061)

func refusedConnection(err error) bool {
	return errors.Is(err, syscall.ECONNREFUSED) || errors.Is(err, wsaRefused)
}

// lineFailure sorts an error of the open connection.
func lineFailure(address string, err error) *Failure {
	kind := KindDropped
	switch {
	case errors.Is(err, errAnswer):
		kind = KindWrongAnswer
	case errors.Is(err, os.ErrDeadlineExceeded), errors.Is(err, context.DeadlineExceeded):
		kind = KindSilent
	case errors.Is(err, io.ErrUnexpectedEOF):
		kind = KindDropped
	}
	return &Failure{kind, address, err}
}

// errAnswer marks an answer that is none.
var errAnswer = errors.New("no answer of an operator")

// tillFailure sorts an error of the till.
func tillFailure(err error) *Failure {
	var e *drivers.Error
	if errors.As(err, &e) && e.Code == drivers.CodeOFDAnswer {
		return &Failure{KindNotTaken, fmt.Sprintf("код %02Xh", e.Vendor), err}
	}
	return &Failure{KindTill, "", err}
}
