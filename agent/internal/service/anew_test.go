package service

import (
	"context"
	"errors"
	"fmt"
	"testing"
)

// In a console nobody else starts the program anew.
func TestAnew(t *testing.T) {
	runs := 0
	end := errors.New("the end")
	err := anew(t.Context(), func(context.Context, func()) error {
		if runs++; runs < 3 {
			return fmt.Errorf("asked for: %w", ErrRestart)
		}
		return end
	}, func() {})
	if runs != 3 || !errors.Is(err, end) {
		t.Errorf("%d runs, %v", runs, err)
	}
}

// Whoever wants the program to end gets the end.
func TestAnew_stopped(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	runs := 0
	if err := anew(ctx, func(context.Context, func()) error { runs++; cancel(); return ErrRestart }, func() {}); runs != 1 || !errors.Is(err, ErrRestart) {
		t.Errorf("%d runs, %v", runs, err)
	}
}
