package ofd

import (
	"encoding/binary"
	"fmt"

	"github.com/chekan-io/chekan/protocol/ffd"
	"github.com/chekan-io/chekan/protocol/fiscal"
)

// Answer codes of an operator (tag 1022). Either way the fiscal memory counts
// the document as delivered.
const (
	CodeAccepted = 0
	CodeFormat   = 14 // the document breaks the format
)

// Acknowledgement is the operator's word about one document: document 7.
type Acknowledgement struct {
	FN     string
	FD     uint32
	At     fiscal.DateTime // seconds too
	INN    string          // of the operator
	Code   byte            // tag 1022
	Notice Notice          // tag 1206
	// Sign is tag 1078: eight bytes of the operator's signature and the trailer
	// of the container that is acknowledged.
	Sign [18]byte
}

// Notice is what the operator has to say to the till's owner (tag 1206).
type Notice byte

// Notices. Published lists disagree about the last ones by one bit, so both
// places of "contact the operator" read alike.
const (
	NoticeFormat     Notice = 0x02 // documents break the format
	NoticeCabinet    Notice = 0x04 // look into the till's cabinet at the tax service
	NoticeUpdate     Notice = 0x08 // the format of documents must be updated
	NoticeInspection Notice = 0x10 // the till is in the plan of inspections
	NoticeContactOld Notice = 0x20
	NoticeContact    Notice = 0x40 // settings of the connection are about to change
	NoticeEnding     Notice = 0x80 // the operator stops working
)

// Words says each notice in a sentence for the owner of the till.
func (n Notice) Words() []string {
	var out []string
	for _, w := range []struct {
		bits Notice
		text string
	}{
		{NoticeFormat, "ОФД нашёл ошибки в формате документов: обновите программу кассы или обратитесь к её поставщику"},
		{NoticeCabinet, "ОФД просит проверить сведения о кассе в личном кабинете ККТ на сайте ФНС"},
		{NoticeUpdate, "ОФД просит обновить формат фискальных данных (ФФД)"},
		{NoticeInspection, "касса включена в план проверок ФНС"},
		{NoticeContactOld | NoticeContact, "ОФД просит связаться с ним: изменятся настройки подключения"},
		{NoticeEnding, "ОФД прекращает работу: заключите договор с другим оператором и перерегистрируйте кассу"},
	} {
		if n&w.bits != 0 {
			out = append(out, w.text)
		}
	}
	return out
}

// Acknowledge makes the operator's container that answers c. FN, FD and the
// second part of Sign of a are taken from c.
func (c Container) Acknowledge(a Acknowledgement, sign [6]byte) Container {
	trailer := c.Trailer()
	copy(a.Sign[8:], trailer[:])
	said := []ffd.Field{ffd.Uint(ffd.TagAnswerCode, uint64(a.Code))}
	if a.Notice != 0 {
		said = append(said, ffd.Uint(ffd.TagOperatorMessage, uint64(a.Notice)))
	}
	doc := ffd.Document{Type: fiscal.DocOperatorTicket, Fields: []ffd.Field{
		ffd.Text(ffd.TagOFDINN, a.INN), ffd.Text(ffd.TagFN, c.FN), ffd.Uint(ffd.TagFD, uint64(c.FD)), ffd.Time(ffd.TagTime, a.At),
		ffd.Group(ffd.TagOperatorMessageFN, said...), ffd.Bytes(ffd.TagOperatorSign, a.Sign[:]),
	}}
	out := NewContainer(FromOperator, fiscal.DocOperatorTicket, c.FN, c.FD)
	out.Nonce, out.Mode, out.Sign = c.Nonce, c.Mode, sign
	out.Document = doc.Append(nil)
	return out
}

// ParseAcknowledgement reads an operator's container. What old formats put
// elsewhere is taken from there: number of the document from the container,
// operator's INN from inside tag 1068.
func ParseAcknowledgement(c Container) (Acknowledgement, error) {
	if c.Sender != FromOperator || c.Type != fiscal.DocOperatorTicket {
		return Acknowledgement{}, errorf(ErrFormat, "a container of %02Xh with form %d is no acknowledgement", byte(c.Sender), c.Type)
	}
	doc, err := ffd.ParseDocument(c.Document)
	if err != nil || doc.Type != fiscal.DocOperatorTicket {
		return Acknowledgement{}, errorf(ErrFormat, "no document 7 inside")
	}
	a := Acknowledgement{FN: c.FN, FD: c.FD}
	sign, ok := doc.Find(ffd.TagOperatorSign)
	if !ok || len(sign.Value) != len(a.Sign) {
		return Acknowledgement{}, errorf(ErrFormat, "tag 1078 of %d bytes", len(sign.Value))
	}
	a.Sign = [18]byte(sign.Value)
	at, ok := doc.Find(ffd.TagTime)
	if !ok || len(at.Value) != 4 {
		return Acknowledgement{}, errorf(ErrFormat, "tag 1012 of %d bytes", len(at.Value))
	}
	a.At = at.Time()
	for _, place := range [][]ffd.Tag{{ffd.TagOFDINN}, {ffd.TagOperatorMessageFN, ffd.TagOFDINN}} {
		if inn, ok := doc.Find(place...); ok {
			a.INN = inn.INN()
		}
	}
	if code, ok := doc.Find(ffd.TagOperatorMessageFN, ffd.TagAnswerCode); ok {
		a.Code = byte(code.Uint())
	}
	if n, ok := doc.Find(ffd.TagOperatorMessageFN, ffd.TagOperatorMessage); ok {
		a.Notice = Notice(n.Uint())
	}
	return a, nil
}

// Reason is why a fiscal memory does not take an operator's message (FN
// interface 1.2, command 26h, answer 20h).
type Reason byte

// Reasons.
const (
	ReasonSign   Reason = 1
	ReasonFormat Reason = 2
	ReasonFD     Reason = 3
	ReasonFN     Reason = 4
	ReasonCRC    Reason = 5
)

// String names the reason.
func (r Reason) String() string {
	switch r {
	case ReasonSign:
		return "wrong fiscal sign"
	case ReasonFormat:
		return "wrong format"
	case ReasonFD:
		return "another document"
	case ReasonFN:
		return "another fiscal memory"
	case ReasonCRC:
		return "wrong checksum"
	}
	return fmt.Sprintf("reason %d", byte(r))
}

// Refusal is an answer of the operator that cannot be the one awaited.
type Refusal struct {
	Reason Reason
	Err    error // more about it; may be nil
}

// Error names the reason.
func (r *Refusal) Error() string {
	if r.Err != nil {
		return r.Reason.String() + ": " + r.Err.Error()
	}
	return r.Reason.String()
}

// Unwrap gives the detail.
func (r *Refusal) Unwrap() error { return r.Err }

// Answers reads a container of the operator and checks that it acknowledges c;
// the error is a [*Refusal] with the reason a fiscal memory would give.
func (c Container) Answers(b []byte) (Acknowledgement, error) {
	got, err := ParseContainer(b)
	switch {
	case err != nil && len(b) >= ContainerHeaderSize+TrailerSize && binary.LittleEndian.Uint16(b[2:]) != containerCRC(b):
		return Acknowledgement{}, &Refusal{ReasonCRC, err}
	case err != nil:
		return Acknowledgement{}, &Refusal{ReasonFormat, err}
	case got.Sender != FromOperator:
		return Acknowledgement{}, &Refusal{ReasonFormat, nil}
	case !SameFN(got.FN, c.FN):
		return Acknowledgement{}, &Refusal{ReasonFN, errorf(ErrFormat, "it is for %s", got.FN)}
	case got.FD != c.FD:
		return Acknowledgement{}, &Refusal{ReasonFD, errorf(ErrFormat, "it is for document %d, %d was sent", got.FD, c.FD)}
	}
	a, err := ParseAcknowledgement(got)
	if err != nil {
		return Acknowledgement{}, &Refusal{ReasonFormat, err}
	}
	if [TrailerSize]byte(a.Sign[8:]) != c.Trailer() {
		return Acknowledgement{}, &Refusal{ReasonSign, nil}
	}
	return a, nil
}
