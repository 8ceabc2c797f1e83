package bundle

import (
	"bytes"
	"errors"
	"reflect"
	"strings"

	"github.com/chekan-io/chekan/protocol/ffd"
	"github.com/chekan-io/chekan/protocol/fiscal"
	"github.com/chekan-io/chekan/protocol/shtrih"
)

// sums are what the receipt at hand comes to after each line. Where the till
// tells a sum that settling compares, its place among them is written instead:
// 0 is nothing yet, n is the whole receipt of n lines, strange is any other.
type sums struct {
	steps []fiscal.Money // 0, first line, first two …; nil when no receipt is known
	total fiscal.Money   // less the rounding
}

// strange stands for a sum that is not one of the receipt's.
const strange fiscal.Money = 99_999

func (s sums) place(m fiscal.Money) fiscal.Money {
	n := fiscal.Money(len(s.steps) - 1)
	switch {
	case n < 0:
		return strange
	case m == s.total, m == s.steps[n]:
		return n
	}
	for i, step := range s.steps {
		if m == step {
			return fiscal.Money(i)
		}
	}
	return strange
}

// plain are the texts that say nothing of people or goods.
var plain = map[string]bool{
	"FullStatusAnswer.Firmware": true, "FullStatusAnswer.FMVersion": true, "DeviceTypeAnswer.Name": true, "FNStatusAnswer.FN": true,
	"FNNumberAnswer.FN": true, "FNVersionAnswer.Version": true, "TableInfoAnswer.Name": true, "FieldInfoAnswer.Name": true,
}

// secret are numbers that nobody else needs.
var secret = map[string]bool{"Password": true, "InspectorPass": true, "AdminPass": true, "INN": true, "Rounding": true}

var (
	moneyType = reflect.TypeFor[fiscal.Money]()
	dateType  = reflect.TypeFor[fiscal.DateTime]()
)

// blank returns a copy of a message's value with everything blanked that may
// tell sums or people: what a later layout adds is blanked until it is named
// in plain. Lengths stay.
func blank[T any](value T, s sums) T {
	v := reflect.ValueOf(value)
	if v.Kind() != reflect.Struct {
		return value
	}
	c := reflect.New(v.Type()).Elem()
	c.Set(v)
	blankStruct(c, s)
	out, ok := c.Interface().(T)
	if !ok {
		return value
	}
	return out
}

func blankStruct(v reflect.Value, s sums) {
	for i := range v.NumField() {
		f, name := v.Field(i), v.Type().Field(i).Name
		full := v.Type().Name() + "." + name
		switch {
		case secret[name] && f.Kind() != reflect.String:
			f.SetZero()
		case f.Type() == moneyType:
			blankMoney(f, full, s)
		case f.Kind() == reflect.Array && f.Type().Elem() == moneyType:
			f.SetZero()
		case f.Kind() == reflect.String && !plain[full]:
			f.SetString(strings.Repeat(" ", len([]rune(f.String()))))
		case f.Kind() == reflect.Slice && f.Type().Elem().Kind() == reflect.Uint8:
			blankBytes(f, full)
		case f.Kind() == reflect.Struct && f.Type() != dateType:
			blankStruct(f, s)
		}
	}
}

func blankMoney(f reflect.Value, full string, s sums) {
	switch full {
	case "SubtotalAnswer.Sum", "FoundDocumentAnswer.Sum":
		f.SetInt(int64(s.place(fiscal.Money(f.Int()))))
	default:
		f.SetInt(0)
	}
}

func blankBytes(f reflect.Value, full string) {
	switch full {
	case "SendTLV.TLV", "DataAnswer.Data":
		f.SetBytes(blankTLV(f.Bytes()))
	default:
		f.SetBytes(make([]byte, f.Len()))
	}
}

// blankTLV keeps the tags and their lengths, and our own mark whole.
func blankTLV(b []byte) []byte {
	tags, err := ffd.Parse(b)
	if err != nil {
		return make([]byte, len(b))
	}
	for i, tag := range tags {
		if !ours(tag) {
			tags[i] = ffd.Bytes(tag.Tag, make([]byte, tag.Size()-ffd.Field{}.Size()))
		}
	}
	return ffd.Append(nil, tags...)
}

// ours tells the mark that the agent puts into receipts.
func ours(tag ffd.Field) bool {
	inside := tag.Fields
	return tag.Tag == ffd.TagUserData && len(inside) == 2 && inside[0].Tag == ffd.TagUserDataName && inside[0].Text() == ffd.MarkerName &&
		inside[1].Tag == ffd.TagUserDataValue
}

// blankRequest blanks a message to the till. The same request comes out of it
// whatever its sums, texts and passwords are.
func blankRequest(msg []byte) (out []byte, request shtrih.Request) {
	request, err := shtrih.DecodeRequest(msg)
	if err == nil {
		if _, unknown := request.(shtrih.Unknown); !unknown {
			out, err = shtrih.EncodeRequest(blank(request, sums{}))
			if err == nil && len(out) == len(msg) {
				return out, request
			}
		}
	}
	return zeroAfter(msg, codeLength(msg)), request
}

// blankAnswer blanks a message of the till. asked is the last request before
// it, which may be another one's than this answers.
func blankAnswer(msg []byte, asked shtrih.Request, s sums) []byte {
	code := shtrih.Code(msg[0])
	switch {
	case msg[0] == 0xFF && len(msg) > 1:
		code = code<<8 | shtrih.Code(msg[1])
	case msg[0] == 0xFE && asked != nil:
		code = asked.Code()
	}
	head := codeLength(msg) + 1
	answer, err := shtrih.DecodeAnswer(code, msg)
	var refusal *shtrih.DeviceError
	switch {
	case errors.As(err, &refusal):
		return zeroAfter(msg, head+4) // the detail some firmware adds
	case err != nil:
		return zeroAfter(msg, head)
	}
	if cell, ok := answer.(shtrih.TableValueAnswer); ok {
		answer = blankCell(cell, asked)
	} else {
		answer = blank(answer, s)
	}
	out, err := shtrih.EncodeAnswer(answer)
	if err != nil || len(out) != len(msg) {
		return zeroAfter(msg, head)
	}
	return out
}

// tableOperators has names and passwords of the cashiers.
const tableOperators = 2

// blankCell keeps settings, which are short numbers.
func blankCell(cell shtrih.TableValueAnswer, asked shtrih.Request) shtrih.TableValueAnswer {
	read, ok := asked.(shtrih.ReadTable)
	if ok && read.Table != tableOperators && len(cell.Value) <= 2 {
		return cell
	}
	return shtrih.TableValueAnswer{Value: bytes.Repeat([]byte{' '}, len(cell.Value))}
}

// codeLength is how many bytes of a message are its code. A service command
// has its function in the second one, and its answer the error.
func codeLength(msg []byte) int {
	if len(msg) > 1 && msg[0] == 0xFF {
		return 2
	}
	return 1
}

func zeroAfter(msg []byte, n int) []byte {
	out := make([]byte, len(msg))
	copy(out, msg[:min(n, len(msg))])
	return out
}
