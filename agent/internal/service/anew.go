package service

import (
	"context"
	"errors"
)

// ErrRestart is what a Program returns that ended in good order to be started
// anew. A service manager does that, as after any end nobody asked for; in a
// console [Run] does.
var ErrRestart = errors.New("агент перезапускается")

// anew runs p as often as it asks for it.
func anew(ctx context.Context, p Program, ready func()) error {
	for {
		if err := p(ctx, ready); !errors.Is(err, ErrRestart) || ctx.Err() != nil {
			return err
		}
	}
}
