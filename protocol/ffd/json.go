package ffd

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/chekan-io/chekan/protocol/fiscal"
)

// The JSON form of a document is
//
//	{"document": "receipt", "type": 3, "version": "1.2", "fields": [
//	  {"tag": 1020, "name": "totalSum", "value": 10050},
//	  {"tag": 1059, "name": "items", "fields": […]},
//	  {"tag": 1077, "name": "fiscalSign", "hex": "21041c6b81a4"}]}
//
// Objects stand in their order. Sums are kopecks, times civil and without a
// zone, decimal numbers are strings. Bytes, unknown tags and values that are
// not written the usual way have hex, and hex counts when both are there; so
// the bytes of the document come back exactly. Names are for people: reading
// goes by the tag.

type jsonDocument struct {
	Document string              `json:"document,omitempty"`
	Type     fiscal.DocumentType `json:"type"`
	Version  string              `json:"version,omitempty"`
	Fields   []jsonField         `json:"fields"`
}

type jsonField struct {
	Tag    Tag             `json:"tag"`
	Name   string          `json:"name,omitempty"`
	Value  json.RawMessage `json:"value,omitempty"`
	Hex    *string         `json:"hex,omitempty"`
	Fields []jsonField     `json:"fields,omitempty"`
}

// MarshalJSON implements json.Marshaler.
func (d Document) MarshalJSON() ([]byte, error) {
	v := d.Version()
	out := jsonDocument{Type: d.Type, Fields: jsonFields(d.Fields, era(v, Tag(d.Type)))}
	if r := row(Tag(d.Type), v); r != nil {
		out.Document = r.JSON
	}
	if v >= V10 && v <= V12 {
		out.Version = v.String()
	}
	return json.Marshal(out)
}

func jsonFields(fields []Field, v Version) []jsonField {
	out := make([]jsonField, len(fields))
	for i, f := range fields {
		j := &out[i]
		j.Tag = f.Tag
		r := row(f.Tag, v)
		if r != nil {
			j.Name = r.JSON
		}
		if len(f.Fields) > 0 {
			j.Fields = jsonFields(f.Fields, v)
			continue
		}
		value, exact := jsonValue(f.Value, r)
		j.Value = value
		if !exact {
			s := hex.EncodeToString(f.Value)
			j.Hex = &s
		}
	}
	return out
}

// jsonValue writes a value for people; exact is false when it does not lead back to the same bytes.
func jsonValue(b []byte, r *Row) (value json.RawMessage, exact bool) {
	if r == nil {
		return nil, false
	}
	var v any
	switch r.Type {
	case TypeByte, TypeUint16, TypeUint32, TypeVLN:
		if len(b) > 8 {
			return nil, false
		}
		v = littleEndian(b)
	case TypeTime:
		if len(b) > 4 {
			return nil, false
		}
		v = civil(uint32(littleEndian(b))).String()
	case TypeFVLN:
		if len(b) < 2 || len(b) > 9 || b[0] > maxPlaces {
			return nil, false
		}
		v = decimal(littleEndian(b[1:]), int(b[0]))
	case TypeText:
		if r.Fixed {
			v = Field{Value: b}.Text()
		} else {
			v = DecodeText(b)
		}
	case TypeBytes, TypeGroup:
		return nil, false
	}
	value, err := json.Marshal(v)
	if err != nil {
		return nil, false
	}
	again, err := valueOf(value, r)
	return value, err == nil && bytes.Equal(again, b)
}

// maxPlaces bounds the decimal places that are written as a number.
const maxPlaces = 18

func decimal(v uint64, places int) string {
	s := strconv.FormatUint(v, 10)
	if places == 0 {
		return s
	}
	if pad := places + 1 - len(s); pad > 0 {
		s = strings.Repeat("0", pad) + s
	}
	return s[:len(s)-places] + "." + s[len(s)-places:]
}

// valueOf is the inverse of jsonValue for what a person may have written.
func valueOf(value json.RawMessage, r *Row) ([]byte, error) {
	switch r.Type {
	case TypeByte, TypeUint16, TypeUint32, TypeVLN:
		var v uint64
		if err := json.Unmarshal(value, &v); err != nil {
			return nil, err
		}
		return appendNumber(nil, r, v), nil
	case TypeGroup, TypeBytes:
		return nil, fmt.Errorf("%s has no value", r.Type)
	case TypeTime, TypeFVLN, TypeText:
	}
	var s string
	if err := json.Unmarshal(value, &s); err != nil {
		return nil, err
	}
	if r.Type == TypeTime {
		at, err := fiscal.ParseDateTime(s)
		if err != nil {
			return nil, err
		}
		return appendNumber(nil, r, uint64(unix(at))), nil
	}
	if r.Type == TypeFVLN {
		whole, fraction, _ := strings.Cut(s, ".")
		v, err := strconv.ParseUint(whole+fraction, 10, 64)
		if err != nil || len(fraction) > maxPlaces {
			return nil, fmt.Errorf("%q is not a decimal number", s)
		}
		return appendNumber([]byte{byte(len(fraction))}, nil, v), nil
	}
	b, err := AppendText(make([]byte, 0, len(s)), s)
	if err != nil {
		return nil, err
	}
	if r.Fixed {
		for len(b) < r.Max {
			b = append(b, ' ')
		}
	}
	return b, nil
}

// UnmarshalJSON implements json.Unmarshaler.
func (d *Document) UnmarshalJSON(b []byte) error {
	var in jsonDocument
	if err := json.Unmarshal(b, &in); err != nil {
		return fmt.Errorf("parse the JSON of a document: %w", err)
	}
	v, err := in.version()
	if err != nil {
		return fmt.Errorf("parse the JSON of a document: %w", err)
	}
	fields, err := fromJSON(in.Fields, v, 0)
	if err != nil {
		return fmt.Errorf("parse the JSON of a document: %w", err)
	}
	*d = Document{Type: in.Type, Fields: fields}
	return nil
}

// version is what the document says of itself, or its tag 1209.
func (in jsonDocument) version() (Version, error) {
	if in.Version != "" {
		return ParseVersion(in.Version)
	}
	var v Version
	for _, f := range in.Fields {
		if f.Tag == TagFormat && f.Value != nil {
			if err := json.Unmarshal(f.Value, &v); err != nil {
				return 0, fmt.Errorf("tag %d: %w", f.Tag, err)
			}
		}
	}
	return era(v, Tag(in.Type)), nil
}

func fromJSON(in []jsonField, v Version, depth int) ([]Field, error) {
	if len(in) == 0 {
		return nil, nil
	}
	if depth > maxDepth {
		return nil, fmt.Errorf("groups nest deeper than %d: %w", maxDepth, ErrMalformed)
	}
	out := make([]Field, len(in))
	for i, j := range in {
		f := &out[i]
		f.Tag = j.Tag
		var err error
		switch r := row(j.Tag, v); {
		case len(j.Fields) > 0:
			f.Fields, err = fromJSON(j.Fields, v, depth+1)
		case j.Hex != nil:
			f.Value, err = hex.DecodeString(*j.Hex)
		case j.Value == nil:
			f.Value = []byte{}
		case r == nil:
			err = errors.New("the tag is unknown and has no hex")
		default:
			f.Value, err = valueOf(j.Value, r)
		}
		if err == nil && f.Size()-headerLength > maxValue {
			err = fmt.Errorf("%d bytes: %w", f.Size(), ErrMalformed)
		}
		if err != nil {
			return nil, fmt.Errorf("tag %d: %w", j.Tag, err)
		}
	}
	return out, nil
}
