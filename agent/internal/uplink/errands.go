package uplink

import (
	"context"
	"errors"
	"time"

	"google.golang.org/protobuf/proto"

	fiscalv1 "github.com/chekan-io/chekan/proto/gen/fiscal/v1"
	uplinkv1 "github.com/chekan-io/chekan/proto/gen/uplink/v1"
)

// ErrNotOver says that an errand goes on behind a restart of the agent.
var ErrNotOver = errors.New("the agent starts anew")

const (
	// giveLimit is for a bundle on a slow line.
	giveLimit = 5 * time.Minute
	// tellLimit is how long a restart waits for the cabinet to hear of it. It is
	// as good when the cabinet does not: the next start tells.
	tellLimit = 3 * time.Second
)

// plans are what every action would do, of the tills and of the agent.
func (s *session) plans() []*fiscalv1.Run {
	plans := s.o.Tills.Plans()
	if s.o.Errands != nil {
		plans = append(plans, s.o.Errands.Plans()...)
	}
	return plans
}

// errand carries out what the agent itself is asked for.
func (s *session) errand(ctx context.Context, cmd *uplinkv1.Command, consent fiscalv1.Consent, report func(*fiscalv1.Run)) (*fiscalv1.Run, error) {
	save := func(ctx context.Context, run *fiscalv1.Run) error {
		run = proto.CloneOf(run)
		run.Actor, run.Consent = cmd.GetActor(), consent
		// Told in the order of all its pictures: an older one must not come behind.
		s.runs.put(run)
		if _, err := s.writeDown(ctx, run); err != nil {
			return err
		}
		ctx, cancel := context.WithTimeout(ctx, tellLimit)
		defer cancel()
		if !s.runs.heard(ctx, run) {
			s.o.Log.Info("the cabinet does not hear of the restart now", "command", cmd.GetId())
		}
		return nil
	}
	give := func(ctx context.Context, zip []byte) error {
		ctx, cancel := context.WithTimeout(ctx, giveLimit)
		defer cancel()
		_, err := s.rpc.GiveBundle(ctx, &uplinkv1.GiveBundleRequest{CommandId: cmd.GetId(), Bundle: zip})
		return s.note(ctx, "give bundle", err)
	}
	return s.o.Errands.Do(ctx, cmd, report, save, give)
}
