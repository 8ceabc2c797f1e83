package ffd

import (
	"encoding/binary"
	"fmt"

	"github.com/chekan-io/chekan/protocol/fiscal"
)

// MarkerName is what stands in tag 1085 beside our mark (tag 1086).
const MarkerName = "chekan"

// Document is one fiscal document taken apart.
type Document struct {
	Type   fiscal.DocumentType
	Fields []Field
}

// ParseDocument takes a whole document apart: one STLV whose tag is the form,
// and nothing behind it. Values share memory with b.
func ParseDocument(b []byte) (Document, error) {
	if len(b) < headerLength {
		return Document{}, fmt.Errorf("parse a document of %d bytes: %w", len(b), ErrMalformed)
	}
	form, n := Tag(b[0])|Tag(b[1])<<8, int(b[2])|int(b[3])<<8
	if r := row(form, 0); form > 255 || r == nil || r.Type != TypeGroup {
		return Document{}, fmt.Errorf("parse a document: %d is no form: %w", form, ErrMalformed)
	}
	if n != len(b)-headerLength {
		return Document{}, fmt.Errorf("parse document %d: %d bytes of %d: %w", form, len(b)-headerLength, n, ErrMalformed)
	}
	fields, err := parse(b[headerLength:], era(versionIn(b[headerLength:]), form))
	if err != nil {
		return Document{}, fmt.Errorf("parse document %d: %w", form, err)
	}
	return Document{Type: fiscal.DocumentType(form), Fields: fields}, nil
}

// Append writes the document behind dst as one STLV.
func (d Document) Append(dst []byte) []byte {
	f := Field{Tag: Tag(d.Type), Fields: d.Fields}
	return f.append(dst)
}

// Version is the version the document says it was made in. Zero when it does
// not: it is the operator's, or older than the tag.
func (d Document) Version() Version {
	f, _ := d.Find(TagFormat)
	return Version(f.Uint())
}

// Row finds what a tag means in this document; see [Lookup].
func (d Document) Row(t Tag) (Row, bool) { return Lookup(t, era(d.Version(), Tag(d.Type))) }

// Find gives the object under a path of tags: the first of each.
func (d Document) Find(path ...Tag) (Field, bool) { return find(d.Fields, path) }

// All gives every object of the document with the tag, not those in groups.
func (d Document) All(t Tag) []Field { return all(d.Fields, t) }

// Fact gives what the house keeps of a document.
func (d Document) Fact() fiscal.Document {
	out := fiscal.Document{Type: d.Type, Kind: kinds[d.Type], TLV: d.Append(nil)}
	for i := range d.Fields {
		switch f := &d.Fields[i]; f.Tag {
		case TagFN:
			out.FN = f.Text()
		case TagFD:
			out.FD = uint32(f.Uint())
		case TagSign:
			out.FP = sign(f.Value)
		case TagTime:
			out.At = f.Time()
		case TagShift:
			out.Shift = uint32(f.Uint())
		}
		if !isReceipt(d.Type) {
			continue
		}
		switch f := &d.Fields[i]; f.Tag {
		case TagSettlement:
			if k := fiscal.Kind(f.Uint()); k.IsReceipt() {
				out.Kind = k
			}
		case TagTotal:
			out.Total = f.Sum()
		case TagReceiptNumber:
			out.Receipt = uint32(f.Uint())
		case TagUserData:
			if name, _ := f.Find(TagUserDataName); name.Text() == MarkerName {
				value, _ := f.Find(TagUserDataValue)
				out.Marker = value.Text()
			}
		}
	}
	return out
}

// sign is the printed fiscal sign: the last four bytes of tag 1077, most
// significant first, behind two whose meaning the format does not tell.
func sign(b []byte) uint32 {
	if len(b) < 4 {
		return 0
	}
	return binary.BigEndian.Uint32(b[len(b)-4:])
}

// Sign makes tag 1077 of a printed fiscal sign, with the two leading bytes
// that the documents of real memories have.
func Sign(fp uint32) Field {
	return Field{Tag: TagSign, Value: binary.BigEndian.AppendUint32([]byte{0x21, 0x04}, fp)}
}

var kinds = map[fiscal.DocumentType]fiscal.Kind{
	fiscal.DocRegistration:     fiscal.Register,
	fiscal.DocReregistration:   fiscal.Reregister,
	fiscal.DocShiftOpened:      fiscal.OpenShift,
	fiscal.DocShiftClosed:      fiscal.CloseShift,
	fiscal.DocSettlementReport: fiscal.Settlement,
	fiscal.DocArchiveClosed:    fiscal.CloseArchive,
}

func isReceipt(t fiscal.DocumentType) bool {
	return t == fiscal.DocReceipt || t == fiscal.DocBSO || isCorrection(t)
}

func isCorrection(t fiscal.DocumentType) bool {
	return t == fiscal.DocCorrection || t == fiscal.DocBSOCorrection
}
