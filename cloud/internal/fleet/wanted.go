package fleet

import (
	"context"
	"fmt"
	"strings"
	"time"

	"google.golang.org/protobuf/proto"

	fiscalv1 "github.com/chekan-io/chekan/proto/gen/fiscal/v1"
)

// CodeOtherOperator is the problem of a till that is registered with another operator than was chosen for it.
const CodeOtherOperator = "ofd_other"

// wantedFor is how long what was chosen in an organisation is used without looking again: another cabinet of the database may have
// been told of a change.
const wantedFor = 30 * time.Second

// wantedOf gives the operators chosen in an organisation, taxpayer numbers by till.
func (f *Fleet) wantedOf(ctx context.Context, organisation string) (map[string]string, error) {
	return f.wanted.get(organisation, f.now(), wantedFor, func() (map[string]string, error) {
		rows, err := f.store.Read().ListWantedSettings(ctx, organisation)
		if err != nil {
			return nil, fmt.Errorf("list settings: %w", err)
		}
		operators := map[string]string{}
		for _, row := range rows {
			var s fiscalv1.TillSettings
			if err := proto.Unmarshal(row.Body, &s); err != nil {
				return nil, fmt.Errorf("settings of till %s: %w", row.TillID, err)
			}
			if s.GetOfdInn() != "" {
				operators[row.TillID] = s.GetOfdInn()
			}
		}
		return operators, nil
	})
}

// Chosen says that the settings of a till were changed: they are looked at anew, and so is the till.
func (f *Fleet) Chosen(organisation, till string) {
	f.wanted.drop(organisation)
	f.hub.Publish(organisation, Change{What: TillChanged, TillID: till})
}

// OtherOperator gives the taxpayer number a till is registered with when it is not the one wanted; empty when it is, or nobody knows. A
// number of ten digits stands in a tag of twelve places, and some devices fill them in front.
func OtherOperator(inn string, s *fiscalv1.TillState) string {
	found := strings.TrimSpace(s.GetOfdInn())
	if inn == "" || found == "" || strings.TrimPrefix(found, "00") == inn {
		return ""
	}
	return found
}

// operatorProblem is a till registered with another operator than was chosen, with both; nil when it is not.
func (f *Fleet) operatorProblem(inn string, s *fiscalv1.TillState) *fiscalv1.Problem {
	found := OtherOperator(inn, s)
	if found == "" {
		return nil
	}
	found = strings.TrimSpace(s.GetOfdName() + " " + found)
	if f.OperatorName != nil {
		inn = f.OperatorName(inn)
	}
	return &fiscalv1.Problem{
		Code: CodeOtherOperator, Severity: fiscalv1.Severity_SEVERITY_WARNING, Args: map[string]string{"found": found, "wanted": inn},
		Text: "В кассе записан другой ОФД: " + found + ", а выбран " + inn + ".",
		Todo: "Проверьте договор. Чтобы сменить оператора, кассу надо перерегистрировать: chekan-agent till register --change.",
	}
}
