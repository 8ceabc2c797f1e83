package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"
)

// The messages, as far as a sale needs them. Sums are kopecks.
type (
	// Receipt is what is sold and how it is paid.
	Receipt struct {
		Items    []Item   `json:"items"`
		Payments Payments `json:"payments"`
	}
	// Item is one line.
	Item struct {
		Name     string `json:"name"`
		Quantity string `json:"quantity"`
		Price    int64  `json:"price"`
		VAT      string `json:"vat"`
	}
	// Payments are how it is paid.
	Payments struct {
		Cash       int64 `json:"cash,omitempty"`
		Electronic int64 `json:"electronic,omitempty"`
	}
	// Operation is what became of a key.
	Operation struct {
		Key         string   `json:"key"`
		Outcome     string   `json:"outcome"`
		Stage       string   `json:"stage"`
		Reason      string   `json:"reason"`
		Text        string   `json:"text"`
		DuplicateOf string   `json:"duplicate_of"`
		Document    Document `json:"document"`
	}
	// Document is the receipt in the fiscal memory.
	Document struct {
		FD uint32 `json:"fd"`
		FP uint32 `json:"fp"`
		QR string `json:"qr"`
	}
	// Preflight is the answer to "would a sale go through now?".
	Preflight struct {
		Ready   bool   `json:"ready"`
		Token   string `json:"token"`
		Reasons []struct {
			Code string `json:"code"`
			Text string `json:"text"`
			Todo string `json:"todo"`
		} `json:"reasons"`
	}
	// submission is an operation as it is asked for.
	submission struct {
		Key       string  `json:"key"`
		Kind      string  `json:"kind"`
		Receipt   Receipt `json:"receipt"`
		Preflight string  `json:"preflight,omitempty"`
		WaitMS    int64   `json:"wait_ms,omitempty"`
	}
	// question asks for a key.
	question struct {
		Key    string `json:"key"`
		WaitMS int64  `json:"wait_ms,omitempty"`
	}
	// answer is how both are answered.
	answer struct {
		Operation Operation `json:"operation"`
	}
)

// refusal is an error the agent itself has answered with.
type refusal struct {
	Code    string `json:"code"`
	Message string `json:"message"`
}

func (r *refusal) Error() string { return r.Message }

// Shop is a program that sells.
type Shop struct {
	Door   string // http://127.0.0.1:8777
	Token  string
	HTTP   *http.Client
	Pause  time.Duration // between questions
	Say    func(string)  // to the cashier
	Charge func() error  // the card
}

// Sell charges the card and makes the receipt, once. The key is the number
// under which your program keeps the sale: write the sale down with its key
// BEFORE the first call, and after a crash call Sell again with the same key.
func (s *Shop) Sell(ctx context.Context, key string, receipt Receipt) (Operation, error) {
	// Perhaps it was sold before our program crashed.
	before, err := s.ask(ctx, key)
	switch {
	case err == nil && before.Outcome == "OUTCOME_DONE":
		return before, nil
	case err != nil && !is(err, "not_found"):
		return Operation{}, err
	}

	// The card is charged only when the till says that it can sell. A program
	// that crashes between here and the end must have written down that the
	// card is charged: that is its own business, not shown here.
	pass, err := s.preflight(ctx)
	if err != nil {
		return Operation{}, err
	}
	if err := s.Charge(); err != nil {
		return Operation{}, err
	}

	// From here on there is one key and one body, however often we ask.
	for {
		op, err := s.submit(ctx, key, receipt, pass)
		if err != nil {
			if !is(err, "failed_precondition") {
				return Operation{}, err
			}
			// The pass has expired, or the agent was restarted and forgot it.
			// The card stays charged; only the pass is new.
			if pass, err = s.preflight(ctx); err != nil {
				return Operation{}, err
			}
			continue
		}
		switch op.Outcome {
		case "OUTCOME_DONE":
			return op, nil
		case "OUTCOME_NOT_DONE":
			if op.Reason == "possible_duplicate" {
				return op, fmt.Errorf("возможный дубль операции %s: %s", op.DuplicateOf, op.Text)
			}
			// Certainly not sold: safe to ask again under the same key, when
			// the cashier has done what the text says.
			s.Say(op.Text)
			if err := s.pause(ctx); err != nil {
				return op, err
			}
		}
	}
}

// submit asks for the operation and finds out what became of it. The answer is
// done or not done, never unknown.
func (s *Shop) submit(ctx context.Context, key string, receipt Receipt, pass string) (Operation, error) {
	var a answer
	err := s.call(ctx, "Submit", submission{Key: key, Kind: "KIND_SALE", Receipt: receipt, Preflight: pass, WaitMS: s.wait()}, &a)
	var said *refusal
	switch {
	case errors.As(err, &said) && !doubtful(said):
		return Operation{}, err // it was not even begun
	case err == nil && a.Operation.Outcome != "OUTCOME_UNKNOWN":
		return a.Operation, nil
	}
	// No answer, or "unknown". What we must not do now is to ask for a sale
	// under another key. We ask what became of this one.
	s.Say("Выясняем, пробит ли чек. Не бейте ещё раз.")
	op, err := s.ask(ctx, key)
	if is(err, "not_found") {
		// It was never begun, and never will be: the same as "not done".
		return Operation{Key: key, Outcome: "OUTCOME_NOT_DONE", Text: "Касса ничего не делала, повторяем."}, nil
	}
	return op, err
}

// ask asks by the key until the answer is certain.
func (s *Shop) ask(ctx context.Context, key string) (Operation, error) {
	for {
		var a answer
		err := s.call(ctx, "GetOperation", question{Key: key, WaitMS: s.wait()}, &a)
		var said *refusal
		switch {
		case errors.As(err, &said) && !doubtful(said):
			return Operation{}, err
		case err == nil && a.Operation.Outcome != "OUTCOME_UNKNOWN":
			return a.Operation, nil
		case err == nil && a.Operation.Stage == "STAGE_NEEDS_PERSON":
			s.Say(a.Operation.Text) // somebody decides in «Требуют решения»; we wait
		}
		if err := s.pause(ctx); err != nil {
			return Operation{}, fmt.Errorf("судьба чека %s неизвестна, другого не бейте: %w", key, err)
		}
	}
}

// preflight waits until a sale would go through and returns the pass for it.
func (s *Shop) preflight(ctx context.Context) (pass string, err error) {
	for {
		var p Preflight
		err := s.call(ctx, "Preflight", struct{}{}, &p)
		var said *refusal
		switch {
		case err == nil && p.Ready:
			return p.Token, nil
		case errors.As(err, &said) && !doubtful(said):
			return "", err
		}
		for _, r := range p.Reasons {
			s.Say(r.Text + " " + r.Todo)
		}
		if err := s.pause(ctx); err != nil {
			return "", fmt.Errorf("касса не готова: %w", err)
		}
	}
}

// wait asks the agent to answer "unknown" before our own patience with the
// call is over: an answer is better than silence.
func (s *Shop) wait() int64 { return (s.HTTP.Timeout * 3 / 4).Milliseconds() }

// doubtful are refusals after which an operation may have been begun: they say
// that something broke, not that something is wrong with what was asked.
func doubtful(r *refusal) bool {
	switch r.Code {
	case "unavailable", "internal", "unknown", "canceled", "deadline_exceeded":
		return true
	}
	return false
}

// is tells whether the agent has answered with this code.
func is(err error, code string) bool {
	var r *refusal
	return errors.As(err, &r) && r.Code == code
}

func (s *Shop) pause(ctx context.Context) error {
	timer := time.NewTimer(s.Pause)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}

// call posts JSON and reads JSON. Any error but a *refusal means that nobody
// knows whether the agent has heard.
func (s *Shop) call(ctx context.Context, method string, ask, into any) error {
	body, err := json.Marshal(ask)
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, s.Door+"/pos.v1.PosService/"+method, bytes.NewReader(body))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Authorization", "Bearer "+s.Token)
	res, err := s.HTTP.Do(req)
	if err != nil {
		return err
	}
	defer func() { _ = res.Body.Close() }()
	if res.StatusCode == http.StatusOK {
		return json.NewDecoder(res.Body).Decode(into)
	}
	said := &refusal{}
	if err := json.NewDecoder(res.Body).Decode(said); err != nil || said.Code == "" {
		return fmt.Errorf("%s: %s", method, res.Status)
	}
	return said
}
