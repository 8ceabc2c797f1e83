package fleet

import (
	"time"

	"github.com/chekan-io/chekan/cloud/internal/light"
	cabinetv1 "github.com/chekan-io/chekan/proto/gen/cabinet/v1"
)

const (
	// AwayAfter is how long an agent may be silent before its tills turn grey.
	AwayAfter = time.Minute
	// StaleAfter is how old a till's state may be: a state says nothing about now when it was made long ago.
	StaleAfter = 4 * time.Minute
)

// fresh tells whether what an agent said of a till speaks of now.
func fresh(now, alive, reported time.Time) bool {
	return now.Sub(alive) <= AwayAfter && now.Sub(reported) <= StaleAfter
}

// LightOf is a colour as the cabinet's pages know it.
func LightOf(c light.Colour) cabinetv1.Light { return lights[c] }

var lights = map[light.Colour]cabinetv1.Light{
	light.Green: cabinetv1.Light_LIGHT_GREEN, light.Grey: cabinetv1.Light_LIGHT_GREY,
	light.Yellow: cabinetv1.Light_LIGHT_YELLOW, light.Red: cabinetv1.Light_LIGHT_RED,
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
