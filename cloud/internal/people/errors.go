package people

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Kinds of refusals. Each is a [*Refusal] too, which says the reason.
var (
	// ErrNotFound says that there is no such thing here, or not for who asks.
	ErrNotFound = errors.New("not found")
	// ErrInvalid says that something was asked that makes no sense.
	ErrInvalid = errors.New("not valid")
	// ErrConflict says that something is there already, or in the way.
	ErrConflict = errors.New("in conflict")
	// ErrDenied says that who asks may not do this.
	ErrDenied = errors.New("not allowed")
	// ErrOften says that it was done a moment ago.
	ErrOften = errors.New("too often")
)

// Refusal is why something was not done, with the name of the reason: screens have a sentence for each in every language.
type Refusal struct {
	// Kind is one of the errors of this package.
	Kind error
	// Reason is its name.
	Reason string
	// Field is the field of the request it is about; may be empty.
	Field string
	// Args are the values of its sentence.
	Args map[string]string
}

// Error tells the reason for logs and other systems.
func (r *Refusal) Error() string {
	text := r.Kind.Error() + ": " + strings.ReplaceAll(r.Reason, "_", " ")
	for _, name := range slices.Sorted(maps.Keys(r.Args)) {
		text += fmt.Sprintf(" %s=%q", name, r.Args[name])
	}
	return text
}

// Unwrap gives the kind.
func (r *Refusal) Unwrap() error { return r.Kind }

// refuse makes a refusal; args are names and values by turns.
func refuse(kind error, field, reason string, args ...string) error {
	r := &Refusal{Kind: kind, Reason: reason, Field: field}
	for i := 0; i+1 < len(args); i += 2 {
		if r.Args == nil {
			r.Args = map[string]string{}
		}
		r.Args[args[i]] = args[i+1]
	}
	return r
}

func notFound(what string) error { return refuse(ErrNotFound, "", "no_"+what) }
