package journal

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"go.etcd.io/bbolt"
	"google.golang.org/protobuf/proto"

	journalv1 "github.com/chekan-io/chekan/proto/gen/journal/v1"
)

// Execution returns what is known of a command of the cabinet, or [ErrNotFound].
func (j *Journal) Execution(id string) (*journalv1.Execution, error) {
	var exec *journalv1.Execution
	err := j.use(func(files []*file) error {
		for _, f := range slices.Backward(files) {
			err := f.view(func(tx *bbolt.Tx) (err error) {
				if value := tx.Bucket(bucketRuns).Get([]byte(id)); value != nil {
					exec, err = decodeExecution(id, value)
				}
				return err
			})
			if err != nil || exec != nil {
				return err
			}
		}
		return ErrNotFound
	})
	if err != nil {
		return nil, fmt.Errorf("read execution: %w", err)
	}
	return exec, nil
}

// BeginExecution writes down that a command is about to be carried out. False: it is already known, do not.
func (j *Journal) BeginExecution(ctx context.Context, exec *journalv1.Execution) (bool, error) {
	err := j.putExecution(ctx, exec, true)
	if errors.Is(err, ErrExists) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("begin execution: %w", err)
	}
	return true, nil
}

// SaveExecution writes down how a command goes, or that the cabinet has heard of it.
func (j *Journal) SaveExecution(ctx context.Context, exec *journalv1.Execution) error {
	if err := j.putExecution(ctx, exec, false); err != nil {
		return fmt.Errorf("save execution: %w", err)
	}
	return nil
}

func (j *Journal) putExecution(ctx context.Context, exec *journalv1.Execution, fresh bool) error {
	if n := len(exec.GetId()); n == 0 || n > 128 {
		return ErrKey
	}
	body, err := proto.Marshal(exec)
	if err != nil {
		return err
	}
	w := &write{acts: ActExecution, key: exec.GetId(), body: body, fresh: fresh}
	if exec.GetReported() {
		w.f |= flagReported
	}
	return j.commit(ctx, w)
}

// Unreported returns the executions that the cabinet has not heard the end of.
func (j *Journal) Unreported() ([]*journalv1.Execution, error) {
	var execs []*journalv1.Execution
	err := j.use(func(files []*file) error {
		for _, f := range files {
			err := f.view(func(tx *bbolt.Tx) error {
				return tx.Bucket(bucketRuns).ForEach(func(k, v []byte) error {
					if executionFlags(v)&flagReported != 0 {
						return nil
					}
					exec, err := decodeExecution(string(k), v)
					execs = append(execs, exec)
					return err
				})
			})
			if err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read executions: %w", err)
	}
	return execs, nil
}
