package fleet

import (
	"time"

	cabinetv1 "github.com/chekan-io/chekan/proto/gen/cabinet/v1"
	fiscalv1 "github.com/chekan-io/chekan/proto/gen/fiscal/v1"
)

const (
	// AwayAfter is how long an agent may be silent before its tills turn grey.
	AwayAfter = time.Minute
	// StaleAfter is how old a till's state may be: a state says nothing about now when it was made long ago.
	StaleAfter = 4 * time.Minute
)

// light is the colour of a till: the worst of its problems, and grey when nobody knows. A dead agent must not stay green.
func light(now, alive, reported time.Time, problems []*fiscalv1.Problem) cabinetv1.Light {
	if now.Sub(alive) > AwayAfter || now.Sub(reported) > StaleAfter {
		return cabinetv1.Light_LIGHT_GREY
	}
	worst := fiscalv1.Severity_SEVERITY_UNSPECIFIED
	for _, p := range problems {
		worst = max(worst, p.GetSeverity())
	}
	switch {
	case worst >= fiscalv1.Severity_SEVERITY_CRITICAL:
		return cabinetv1.Light_LIGHT_RED
	case worst == fiscalv1.Severity_SEVERITY_WARNING:
		return cabinetv1.Light_LIGHT_YELLOW
	}
	return cabinetv1.Light_LIGHT_GREEN
}

// rank orders tills: those with problems first, and the unknown before the good.
func rank(l cabinetv1.Light) int {
	switch l {
	case cabinetv1.Light_LIGHT_RED:
		return 0
	case cabinetv1.Light_LIGHT_YELLOW:
		return 1
	case cabinetv1.Light_LIGHT_GREY, cabinetv1.Light_LIGHT_UNSPECIFIED:
		return 2
	case cabinetv1.Light_LIGHT_GREEN:
	}
	return 3
}
