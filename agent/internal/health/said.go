package health

import (
	"fmt"
	"time"
)

// Ago writes how long something has lasted.
func Ago(d time.Duration) string {
	switch {
	case d < time.Minute:
		return fmt.Sprintf("%d с", int(d.Seconds()))
	case d < time.Hour:
		return fmt.Sprintf("%d мин", int(d.Minutes()))
	case d < 48*time.Hour:
		return fmt.Sprintf("%d ч %d мин", int(d.Hours()), int(d.Minutes())%60)
	}
	return fmt.Sprintf("%d дн", int(d.Hours()/24))
}

// Size writes bytes.
func Size(n int64) string {
	switch {
	case n < 1<<10:
		return fmt.Sprintf("%d Б", n)
	case n < 1<<20:
		return fmt.Sprintf("%d КБ", n>>10)
	case n < 10<<30:
		return fmt.Sprintf("%d МБ", n>>20)
	}
	return fmt.Sprintf("%d ГБ", n>>30)
}
