package ofdlink

import (
	"strconv"
	"strings"
	"time"

	"github.com/chekan-io/chekan/agent/internal/health"
	fiscalv1 "github.com/chekan-io/chekan/proto/gen/fiscal/v1"
)

const (
	// showAfter is how many attempts in a row fail before it is a problem: a
	// line that breaks once is none.
	showAfter = 3
	// refusalShown is how long a document the operator called malformed is shown.
	refusalShown = 24 * time.Hour
)

// Problems are what the till's delivery suffers from, for package health.
func (s State) Problems(now time.Time) (out []health.Problem) {
	if f := s.Failure; f != nil && (s.Failures >= showAfter || f.Kind == KindNoOperator) {
		out = append(out, f.Problem())
	}
	if !s.RefusedAt.IsZero() && now.Sub(s.RefusedAt) < refusalShown {
		out = append(out, health.Problem{Code: health.CodeOFDFormat, Args: map[string]string{"fd": strconv.FormatUint(uint64(s.RefusedFD), 10)}})
	}
	if words := s.Notice.Words(); len(words) > 0 {
		out = append(out, health.Problem{Code: health.CodeOFDNotice, Args: map[string]string{"what": strings.Join(words, "; ")}})
	}
	return out
}

// Proto is the state as the till's state carries it; nil when the till is not
// ours to deliver for.
func (s State) Proto() *fiscalv1.Delivery {
	if s.Setting == Off || s.NoRelay {
		return nil
	}
	d := &fiscalv1.Delivery{Address: s.Address, Operator: s.Operator, Delivered: s.Delivered}
	if !s.LastSuccess.IsZero() {
		d.LastSuccessMs = s.LastSuccess.UnixMilli()
	}
	if s.Failure != nil {
		d.Failure, d.NextTryMs = s.Failure.Problem().Proto(s.FailedAt), s.NextTry.UnixMilli()
	}
	return d
}
