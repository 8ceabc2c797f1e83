package fn

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"time"

	"github.com/chekan-io/chekan/protocol/ffd"
	"github.com/chekan-io/chekan/protocol/fiscal"
	"github.com/chekan-io/chekan/protocol/ofd"
)

// Kinds of record in the flash.
const (
	recordBirth    = "birth"
	recordDocument = "document"
	recordTicket   = "ticket"
	recordPhase    = "phase"
	recordWipe     = "wipe"
)

// record is one durable step in the life of an accumulator.
type record struct {
	Kind     string    `json:"kind"`
	Number   string    `json:"number,omitempty"`
	Expiry   time.Time `json:"expiry,omitzero"`
	Document *Document `json:"document,omitempty"`
	FD       uint32    `json:"fd,omitempty"`
	Ticket   *Ticket   `json:"ticket,omitempty"`
	Phase    Phase     `json:"phase,omitempty"`
}

func (r record) encode() ([]byte, error) {
	b, err := json.Marshal(r)
	if err != nil {
		return nil, fmt.Errorf("encode record: %w", err)
	}
	return b, nil
}

// archive is what the records add up to.
type archive struct {
	number        string
	expiry        time.Time
	phase         Phase
	docs          []*Document
	registrations []uint32 // FD numbers
	shiftOpen     bool
	openedAt      time.Time
	shift         uint16
	receipt       uint16
	sent          uint32 // every document up to this FD has a ticket
	told          byte   // warnings that came with the operator's last answer

	documents uint32     // of the shift
	inShift   ffd.Totals // of the shift, or of the last one
	inFN      ffd.Totals
}

func (s *archive) replay(b []byte) error {
	var r record
	if err := json.Unmarshal(b, &r); err != nil {
		return fmt.Errorf("decode record: %w", err)
	}
	return s.apply(r)
}

func (s *archive) apply(r record) error {
	switch r.Kind {
	case recordBirth:
		*s = archive{number: r.Number, expiry: r.Expiry, phase: PhaseReady}
	case recordWipe:
		*s = archive{number: s.number, expiry: s.expiry, phase: PhaseReady}
	case recordPhase:
		s.phase = r.Phase
	case recordTicket:
		if r.FD == 0 || r.FD > s.lastFD() {
			return fmt.Errorf("ticket for document %d of %d", r.FD, s.lastFD())
		}
		// Documents handed out by List keep the state they had then.
		d := *s.docs[r.FD-1]
		d.Ticket = r.Ticket
		s.docs[r.FD-1] = &d
		for s.sent < s.lastFD() && s.docs[s.sent].Ticket != nil {
			s.sent++
		}
		s.told = r.Ticket.warnings()
	case recordDocument:
		s.add(r.Document)
	default:
		return fmt.Errorf("unknown record %q", r.Kind)
	}
	return nil
}

func (s *archive) add(d *Document) {
	s.docs = append(s.docs, d)
	s.documents++
	if d.Type == fiscal.DocShiftOpened {
		s.documents, s.inShift = 1, ffd.Totals{}
	}
	s.count(&s.inShift, d)
	s.count(&s.inFN, d)
	switch d.Type {
	case fiscal.DocRegistration, fiscal.DocReregistration:
		s.phase = PhaseFiscal
		s.registrations = append(s.registrations, d.FD)
	case fiscal.DocShiftOpened:
		s.shiftOpen, s.openedAt, s.shift, s.receipt = true, d.Time, d.Shift, 0
	case fiscal.DocShiftClosed:
		s.shiftOpen, s.openedAt = false, time.Time{}
	case fiscal.DocReceipt, fiscal.DocCorrection, fiscal.DocBSO, fiscal.DocBSOCorrection:
		s.receipt = d.Receipt
	case fiscal.DocArchiveClosed:
		// Without an operator there is nothing left to transfer.
		if s.phase = PhasePostFiscal; s.registration().offline() {
			s.phase = PhaseArchive
		}
	case fiscal.DocSettlementReport, fiscal.DocOperatorTicket:
	}
}

func (s *archive) lastFD() uint32 { return uint32(len(s.docs)) }

func (s *archive) last() *Document {
	if len(s.docs) == 0 {
		return nil
	}
	return s.docs[len(s.docs)-1]
}

func (s *archive) list() []Document {
	out := make([]Document, 0, len(s.docs))
	for _, d := range s.docs {
		out = append(out, *d)
	}
	return out
}

func (s *archive) registration() *Registration {
	if len(s.registrations) == 0 {
		return nil
	}
	return s.docs[s.registrations[len(s.registrations)-1]-1].Registration
}

// format is tag 1209 of the registration; 0 before it.
func (s *archive) format() byte {
	if reg := s.registration(); reg != nil {
		return reg.FFD
	}
	return 0
}

// unsent counts the documents that wait for an operator's ticket.
func (s *archive) unsent() int {
	if r := s.registration(); r == nil || r.offline() {
		return 0
	}
	return int(s.lastFD() - s.sent)
}

func (s *archive) firstUnsent() *Document {
	if s.unsent() == 0 {
		return nil
	}
	return s.docs[s.sent]
}

// sign computes the fiscal sign: four bytes of a hash keyed by the number of
// the accumulator. A changed kopeck changes it, which is all a test needs.
func sign(d *Document) uint32 {
	key := sha256.Sum256([]byte("fiscal key of " + d.FN))
	mac := hmac.New(sha256.New, key[:])
	var head [32]byte
	binary.LittleEndian.PutUint32(head[0:], d.FD)
	head[4] = byte(d.Type)
	head[5] = d.Op
	binary.LittleEndian.PutUint64(head[8:], uint64(d.Sum))
	binary.LittleEndian.PutUint64(head[16:], uint64(d.Time.Unix()))
	binary.LittleEndian.PutUint16(head[24:], d.Shift)
	binary.LittleEndian.PutUint16(head[26:], d.Receipt)
	mac.Write(head[:])
	mac.Write(withoutSign(*d))
	return binary.BigEndian.Uint32(mac.Sum(nil))
}

// withoutSign is the document with a sign of 0, because the sign is computed
// before it can stand in the document.
func withoutSign(d Document) []byte {
	doc, err := d.FFD()
	if err != nil {
		return d.TLV
	}
	for i, f := range doc.Fields {
		if f.Tag == ffd.TagSign {
			doc.Fields[i] = ffd.Sign(0)
			break
		}
	}
	return doc.Append(nil)
}

// warnings are the flags of the status an operator's answer sets.
func (t *Ticket) warnings() byte {
	w := byte(0)
	notice := ofd.Notice(t.Notice)
	if t.Code != 0 || notice&ofd.NoticeFormat != 0 {
		w |= WarnFormat
	}
	if notice&(ofd.NoticeCabinet|ofd.NoticeUpdate|ofd.NoticeContactOld|ofd.NoticeContact) != 0 {
		w |= WarnSetup
	}
	if notice&ofd.NoticeEnding != 0 {
		w |= WarnAnnulled
	}
	return w
}
