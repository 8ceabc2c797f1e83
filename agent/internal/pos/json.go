package pos

import (
	"encoding/json"
	"errors"
	"fmt"

	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
)

var (
	errInternal   = errors.New("внутренняя ошибка агента: подробности в его журнале")
	errNotMessage = errors.New("not a message")
)

// strictJSON is JSON that refuses unknown fields and writes numbers of our
// fields even when they are zero, as people who read curl's output expect.
type strictJSON struct{ name string }

// Name implements connect.Codec.
func (c strictJSON) Name() string { return c.name }

// Marshal implements connect.Codec.
func (strictJSON) Marshal(v any) ([]byte, error) {
	m, ok := v.(proto.Message)
	if !ok {
		return nil, fmt.Errorf("%T: %w", v, errNotMessage)
	}
	return protojson.MarshalOptions{UseProtoNames: true}.Marshal(m)
}

// Unmarshal implements connect.Codec.
func (strictJSON) Unmarshal(b []byte, v any) error {
	m, ok := v.(proto.Message)
	if !ok {
		return fmt.Errorf("%T: %w", v, errNotMessage)
	}
	if len(b) == 0 {
		return errors.New("пустой запрос: нужен JSON")
	}
	return protojson.Unmarshal(b, m)
}

func quote(s string) string {
	b, err := json.Marshal(s)
	if err != nil {
		return `""`
	}
	return string(b)
}
