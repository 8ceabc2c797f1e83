package ffd

import "github.com/chekan-io/chekan/protocol/fiscal"

// Ticket is the operator's confirmation of one document (form 7).
type Ticket struct {
	OFDINN  string
	FN      string
	FD      uint32          // the document confirmed
	At      fiscal.DateTime // with seconds, unlike what a memory forms
	Answer  uint8           // 1022: 0 is accepted
	Message uint8           // 1206, inside 1068; 0 is none
	Sign    []byte          // 1078, 18 bytes
}

// Document gives the confirmation as a document. It says its version only
// where one is given.
func (t Ticket) Document(v Version) Document {
	b := newBuilder(fiscal.DocOperatorTicket, v, 0)
	b.text(TagOFDINN, t.OFDINN)
	b.text(TagFN, t.FN)
	b.uint(TagFD, uint64(t.FD))
	b.time(TagTime, t.At)
	group := b.begin()
	b.uint(TagAnswerCode, uint64(t.Answer))
	if t.Message != 0 {
		b.uint(TagOperatorMessage, uint64(t.Message))
	}
	b.end(TagOperatorMessageFN, group)
	b.bytes(TagOperatorSign, t.Sign)
	if v != 0 {
		b.uint(TagFormat, uint64(v))
	}
	return Document{Type: fiscal.DocOperatorTicket, Fields: b.open}
}

// Ticket reads a confirmation; ok is false for any other form.
func (d Document) Ticket() (t Ticket, ok bool) {
	if d.Type != fiscal.DocOperatorTicket {
		return t, false
	}
	for i := range d.Fields {
		switch f := &d.Fields[i]; f.Tag {
		case TagOFDINN:
			t.OFDINN = f.INN()
		case TagFN:
			t.FN = f.Text()
		case TagFD:
			t.FD = uint32(f.Uint())
		case TagTime:
			t.At = f.Time()
		case TagOperatorMessageFN:
			// In documents of the first version the operator's number stands in the message.
			for _, g := range f.Fields {
				switch g.Tag {
				case TagAnswerCode:
					t.Answer = uint8(g.Uint())
				case TagOperatorMessage:
					t.Message = uint8(g.Uint())
				case TagOFDINN:
					t.OFDINN = g.INN()
				}
			}
		case TagOperatorMessage:
			t.Message = uint8(f.Uint())
		case TagOperatorSign:
			t.Sign = f.Value
		}
	}
	return t, true
}
