package documents

import (
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"rsc.io/qr"

	cabinetv1 "github.com/chekan-io/chekan/proto/gen/cabinet/v1"
	"github.com/chekan-io/chekan/protocol/ffd"
	"github.com/chekan-io/chekan/protocol/fiscal"
	"github.com/chekan-io/chekan/protocol/slip"
)

// Columns is how many characters a line of a slip has: paper 80 mm wide.
const Columns = slip.Columns42

// Sheet is a document as people read it.
type Sheet struct {
	// Slip as it is printed; nil when the copy cannot be read.
	Slip []*cabinetv1.SlipLine
	// Tags in their order. A copy that cannot be read is one tag with number 0.
	Tags []*cabinetv1.Tag
	// Damaged says that the copy is no document: it is shown as it came.
	Damaged bool
}

// Sheet reads the copy. What the document's operation knows besides (change, lines under the receipt) goes into the slip.
func (c Copy) Sheet(d Document) Sheet {
	if len(c.Body) == 0 {
		return Sheet{}
	}
	doc, err := ffd.ParseDocument(c.Body)
	if err != nil {
		return Sheet{Damaged: true, Tags: []*cabinetv1.Tag{{Value: hexed(c.Body), Raw: c.Body}}}
	}
	laid := slip.Layout(doc, slip.Options{
		Columns: Columns, Registration: c.Registration, Change: fiscal.Money(d.Operation.GetChange()), Text: d.Operation.GetReceipt().GetText(),
	})
	s := Sheet{Tags: tags(doc.Fields, doc.Version())}
	for _, l := range laid.Lines {
		line := &cabinetv1.SlipLine{Left: l.Left, Right: l.Right, Centred: l.Centred, Bold: l.Bold, Large: l.Large, Rule: l.Rule, Qr: l.QR}
		if l.QR != "" {
			if code, err := qr.Encode(l.QR, qr.M); err == nil { // its content is shown all the same
				line.QrModules, line.QrSize = Modules(code), uint32(code.Size)
			}
		}
		s.Slip = append(s.Slip, line)
	}
	return s
}

// Modules packs a code for who draws it.
func Modules(code *qr.Code) []byte {
	stride := (code.Size + 7) / 8
	packed := make([]byte, stride*code.Size)
	for y := range code.Size {
		for x := range code.Size {
			if code.Black(x, y) {
				packed[y*stride+x/8] |= 0x80 >> (x % 8)
			}
		}
	}
	return packed
}

// Title is what a document is called where only Russian is spoken: on its own file.
func Title(form uint32) string {
	row, ok := ffd.Lookup(ffd.Tag(form), 0)
	if !ok || form > 255 {
		return fmt.Sprintf("Документ, форма %d", form)
	}
	first, size := utf8.DecodeRuneInString(row.Name)
	return string(unicode.ToUpper(first)) + row.Name[size:]
}

func tags(fields []ffd.Field, v ffd.Version) []*cabinetv1.Tag {
	list := make([]*cabinetv1.Tag, 0, len(fields))
	for _, f := range fields {
		row, known := ffd.Lookup(f.Tag, v)
		t := &cabinetv1.Tag{Number: uint32(f.Tag), Raw: f.Value, Tags: tags(f.Fields, v)}
		if known {
			t.Name = row.Name
		}
		switch {
		case len(f.Fields) > 0:
			t.Value = headline(f)
		case !known:
			t.Value = hexed(f.Value)
		default:
			t.Value = value(f, row)
		}
		list = append(list, t)
	}
	return list
}

// headline names a group in one line: of an item, what was sold.
func headline(f ffd.Field) string {
	if f.Tag != ffd.TagItem {
		return ""
	}
	name, _ := f.Find(ffd.TagName)
	return name.Text()
}

// value writes the value of a tag as people read it: sums with kopecks, days in their order, codes in words.
func value(f ffd.Field, row ffd.Row) string {
	switch f.Tag {
	case ffd.TagSign:
		doc := ffd.Document{Fields: []ffd.Field{f}}
		if len(f.Value) == 6 {
			return fmt.Sprintf("%010d", doc.Fact().FP)
		}
	case ffd.TagFormat, ffd.TagKKTFormat, ffd.TagFNFormat:
		if v := ffd.Version(f.Uint()); v >= ffd.V10 && v <= ffd.V12 {
			return v.String()
		}
	case ffd.TagNumerator, ffd.TagDenominator:
		return strconv.FormatUint(f.Uint(), 10)
	}
	switch row.Type {
	case ffd.TypeByte, ffd.TypeUint16, ffd.TypeUint32:
		return number(f, row)
	case ffd.TypeTime:
		return moment(f)
	case ffd.TypeVLN:
		if len(f.Value) > 8 {
			return hexed(f.Value)
		}
		return sum(f.Uint())
	case ffd.TypeFVLN:
		if len(f.Value) > 9 {
			return hexed(f.Value)
		}
		return strings.Replace(f.Amount().String(), ".", ",", 1)
	case ffd.TypeText:
		if strings.Contains(row.Name, "ИНН") {
			return f.INN()
		}
		return f.Text()
	case ffd.TypeBytes, ffd.TypeGroup: // a group that has a value could not be taken apart
	}
	return hexed(f.Value)
}

func number(f ffd.Field, row ffd.Row) string {
	if len(f.Value) > 8 {
		return hexed(f.Value)
	}
	n := f.Uint()
	if words := ffd.Words(f.Tag, n); len(words) > 0 {
		return strings.Join(words, ", ")
	}
	if strings.HasPrefix(row.Name, "признак ") && n <= 1 && row.Type == ffd.TypeByte && ffd.Codes(f.Tag) == nil {
		return [2]string{"нет", "да"}[n]
	}
	return strconv.FormatUint(n, 10)
}

func moment(f ffd.Field) string {
	t := f.Time()
	if len(f.Value) > 4 || !t.Valid() {
		return hexed(f.Value)
	}
	day := fmt.Sprintf("%02d.%02d.%04d", t.Day, t.Month, t.Year)
	switch {
	case f.Tag == ffd.TagCorrectionDate && t.Hour+t.Minute+t.Second == 0: // a day, not a moment
		return day
	case t.Second != 0:
		return fmt.Sprintf("%s %02d:%02d:%02d", day, t.Hour, t.Minute, t.Second)
	}
	return fmt.Sprintf("%s %02d:%02d", day, t.Hour, t.Minute)
}

// sum writes kopecks as roubles: 123456789 is «1 234 567,89», with spaces that do not break.
func sum(kopecks uint64) string {
	whole := strconv.FormatUint(kopecks/100, 10)
	var b strings.Builder
	for i, digit := range whole {
		if i > 0 && (len(whole)-i)%3 == 0 {
			b.WriteRune('\u00a0')
		}
		b.WriteRune(digit)
	}
	fmt.Fprintf(&b, ",%02d", kopecks%100)
	return b.String()
}

// hexed writes bytes by twos, so that a long value can be broken.
func hexed(b []byte) string {
	var s strings.Builder
	for i, c := range b {
		if i > 0 {
			s.WriteByte(' ')
		}
		s.WriteString(strings.ToUpper(hex.EncodeToString([]byte{c})))
	}
	return s.String()
}
