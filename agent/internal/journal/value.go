package journal

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"

	"google.golang.org/protobuf/proto"

	fiscalv1 "github.com/chekan-io/chekan/proto/gen/fiscal/v1"
	journalv1 "github.com/chekan-io/chekan/proto/gen/journal/v1"
)

// A stored value begins with a byte that tells its layout and a checksum, so that a page that was damaged or salvaged
// can be judged value by value:
//
//	record     1, crc32c of seq and the rest, cursor uint64, revision uint32, flags, length of till, till, protobuf
//	execution  2, crc32c of id and the rest, flags, protobuf
//
// Numbers are big-endian. What the header holds (seq is the key) overrides the same fields inside the protobuf.
const (
	layoutRecord    = 1
	layoutExecution = 2

	sumEnd        = 1 + 4
	recordHead    = sumEnd + 8 + 4 + 1 + 1 // up to the till's name
	executionHead = sumEnd + 1
)

// flags of a stored record or execution.
type flags uint8

const (
	flagUnfinished flags = 1 << iota // see unfinished
	flagDone                         // the outcome is done, for ever
	flagReported                     // execution: the cabinet has its result
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// header is what is known of a stored record without unmarshalling it.
type header struct {
	cursor   uint64 // its newest entry in the outbox; 0 when there is none
	revision uint32
	flags    flags
	till     string
}

// unfinished tells whether somebody still has to do something for the record.
func unfinished(rec *journalv1.Record) bool {
	op := rec.GetOperation()
	return op.GetStage() != fiscalv1.Stage_STAGE_ENDED || rec.GetCancelOwed() || op.GetPaper() == fiscalv1.PaperTrack_PAPER_TRACK_OWED
}

func flagsOf(rec *journalv1.Record) flags {
	var f flags
	if unfinished(rec) {
		f |= flagUnfinished
	}
	if rec.GetOperation().GetOutcome() == fiscalv1.Outcome_OUTCOME_DONE {
		f |= flagDone
	}
	return f
}

func seqKey(seq uint64) []byte { return binary.BigEndian.AppendUint64(nil, seq) }

func sum(key, rest []byte) uint32 {
	return crc32.Update(crc32.Checksum(key, castagnoli), castagnoli, rest)
}

// sealRecord makes the stored form of a marshalled record.
func sealRecord(seq uint64, h header, body []byte) []byte {
	v := make([]byte, sumEnd, recordHead+len(h.till)+len(body))
	v[0] = layoutRecord
	v = binary.BigEndian.AppendUint64(v, h.cursor)
	v = binary.BigEndian.AppendUint32(v, h.revision)
	v = append(v, byte(h.flags), byte(len(h.till)))
	v = append(v, h.till...)
	v = append(v, body...)
	binary.BigEndian.PutUint32(v[1:], sum(seqKey(seq), v[sumEnd:]))
	return v
}

// openRecord takes a stored record apart; body aliases value. The checksum is not looked at.
func openRecord(value []byte) (h header, body []byte, ok bool) {
	if len(value) < recordHead || value[0] != layoutRecord {
		return header{}, nil, false
	}
	tillEnd := recordHead + int(value[recordHead-1])
	if len(value) < tillEnd {
		return header{}, nil, false
	}
	return header{
		cursor:   binary.BigEndian.Uint64(value[sumEnd:]),
		revision: binary.BigEndian.Uint32(value[sumEnd+8:]),
		flags:    flags(value[sumEnd+12]),
		till:     string(value[recordHead:tillEnd]),
	}, value[tillEnd:], true
}

// sound tells whether a stored value of the layout has its checksum.
func sound(layout byte, key, value []byte) bool {
	return len(value) >= sumEnd && value[0] == layout && binary.BigEndian.Uint32(value[1:]) == sum(key, value[sumEnd:])
}

// decodeRecord makes a record of its stored form. Acked is the cabinet's cursor.
func decodeRecord(seq uint64, value []byte, acked uint64) (*journalv1.Record, error) {
	h, body, ok := openRecord(value)
	if !ok || !sound(layoutRecord, seqKey(seq), value) {
		return nil, fmt.Errorf("record %d: %w", seq, ErrDamaged)
	}
	rec := new(journalv1.Record)
	if err := proto.Unmarshal(body, rec); err != nil {
		return nil, fmt.Errorf("record %d: %w: %w", seq, ErrDamaged, err)
	}
	if rec.Operation == nil {
		rec.Operation = new(fiscalv1.Operation)
	}
	rec.Seq = seq
	rec.Operation.Revision = h.revision
	rec.Operation.InCloud = h.cursor != 0 && h.cursor <= acked
	return rec, nil
}

func sealExecution(id string, f flags, body []byte) []byte {
	v := make([]byte, sumEnd, executionHead+len(body))
	v[0] = layoutExecution
	v = append(v, byte(f))
	v = append(v, body...)
	binary.BigEndian.PutUint32(v[1:], sum([]byte(id), v[sumEnd:]))
	return v
}

func executionFlags(value []byte) flags {
	if len(value) < executionHead {
		return 0
	}
	return flags(value[sumEnd])
}

func decodeExecution(id string, value []byte) (*journalv1.Execution, error) {
	if !sound(layoutExecution, []byte(id), value) || len(value) < executionHead {
		return nil, fmt.Errorf("execution %q: %w", id, ErrDamaged)
	}
	exec := new(journalv1.Execution)
	if err := proto.Unmarshal(value[executionHead:], exec); err != nil {
		return nil, fmt.Errorf("execution %q: %w: %w", id, ErrDamaged, err)
	}
	return exec, nil
}
