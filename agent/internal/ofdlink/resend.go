package ofdlink

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// ErrNothingWaits says that there is no document to carry.
var ErrNothingWaits = errors.New("no document waits")

// resendLook is how often somebody who waits looks for the end of a round.
const resendLook = 100 * time.Millisecond

// Resend has a till's documents carried now and waits for what comes of it: a
// sentence in Russian. That nothing waits is [ErrNothingWaits].
func (l *Link) Resend(ctx context.Context, till string) (string, error) {
	before, known := l.State(till)
	if !known || before.Setting == Off || before.NoRelay {
		return "Эта касса передаёт документы в ОФД сама: проверьте её интернет.", errors.New("the till carries its documents itself")
	}
	l.Wake(till)
	tick := time.NewTicker(resendLook)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return "Передача ещё идёт: она закончится сама.", ctx.Err()
		case <-tick.C:
		}
		now, _ := l.State(till)
		if now.NoRelay {
			return "Эта касса передаёт документы в ОФД сама: проверьте её интернет.", errNoRelay
		}
		if now.Rounds == before.Rounds {
			continue
		}
		sent := now.Delivered - before.Delivered
		switch {
		case now.Failure != nil:
			return fmt.Sprintf("%s %s Передано сейчас: %d, ждут: %d.", now.Failure.Text(), now.Failure.Todo(), sent, now.Queue), now.Failure
		case sent == 0 && before.Queue == 0:
			return "Непереданных документов нет.", ErrNothingWaits
		}
		return fmt.Sprintf("Документы приняты ОФД. Передано сейчас: %d, ждут: %d.", sent, now.Queue), nil
	}
}
