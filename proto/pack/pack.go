// Package pack turns a batch of outbox entries into the few bytes that travel from a shop to the cabinet, and back. A
// batch is its protobuf encoding, without what follows from the rest (see fold.go), compressed by zstd with a dictionary
// both sides carry: a receipt sent alone has nothing before it to refer to, and the dictionary stands in for that past.
//
// # Dictionaries
//
// A dictionary is known by its number and never changes once released: an old agent goes on sending with the one it
// has, and the cabinet opens every number it has ever given out. A new dictionary gets a new number and a new file. Number 0
// means that no dictionary was used. The dictionary is trained on invented receipts (package sample) by the program in
// the folder train; a test measures receipts of shops and goods the training has not seen.
//
// # What it does not do
//
// Pack does not split a batch that is too large: the caller chooses how many entries go together and stays under
// [MaxUnpacked]. Unpack reads what came over a network from a stranger: it refuses to grow beyond that size whatever the
// frame promises.
package pack

//go:generate go run ./train -out receipts-1.zdict

import (
	_ "embed" // the dictionary travels inside the program
	"errors"
	"fmt"
	"sync"

	"github.com/klauspost/compress/zstd"

	uplinkv1 "github.com/chekan-io/chekan/proto/gen/uplink/v1"
)

// Limits of a batch. They are the same on both sides, so that what an agent may pack a cabinet can open.
const (
	// MaxUnpacked is the largest encoding of a batch, in bytes, before compression.
	MaxUnpacked = 16 << 20
	// MaxPacked is the largest packed batch, in bytes.
	MaxPacked = 4 << 20
)

// Dictionary is the number of the dictionary that Pack uses.
const Dictionary uint32 = 1

// Reasons for which a batch is refused.
var (
	// ErrTooLarge says that a batch exceeds [MaxUnpacked] or [MaxPacked]; send fewer entries at a time.
	ErrTooLarge = errors.New("batch is too large")
	// ErrDictionary says that the batch was packed with a dictionary this program does not know.
	ErrDictionary = errors.New("dictionary is not known")
	// ErrDamaged says that the bytes are not a packed batch.
	ErrDamaged = errors.New("packed batch is damaged")
)

//go:embed receipts-1.zdict
var receipts1 []byte

// The coders are made at the first use: their tables cost memory that a program without an uplink need not spend.
var (
	encoder = sync.OnceValues(func() (*zstd.Encoder, error) {
		return zstd.NewWriter(nil,
			zstd.WithEncoderDict(receipts1),
			zstd.WithEncoderLevel(zstd.SpeedFastest), // the next levels win 4 % and keep tables of megabytes in an agent
			zstd.WithEncoderConcurrency(1),
			zstd.WithWindowSize(1<<20),
			zstd.WithEncoderCRC(false), // TLS guards the bytes on the way
			zstd.WithSingleSegment(true),
			zstd.WithLowerEncoderMem(true),
		)
	})
	decoders = map[uint32]func() (*zstd.Decoder, error){
		0: sync.OnceValues(func() (*zstd.Decoder, error) { return decoder() }),
		1: sync.OnceValues(func() (*zstd.Decoder, error) { return decoder(zstd.WithDecoderDicts(receipts1)) }),
	}
)

func decoder(opts ...zstd.DOption) (*zstd.Decoder, error) {
	return zstd.NewReader(nil, append(opts,
		zstd.WithDecoderMaxMemory(MaxUnpacked),
		zstd.WithDecoderConcurrency(0), // as many at once as there are processors
	)...)
}

// Pack encodes and compresses a batch. It returns the number of the dictionary used, to be sent beside the bytes. It is
// safe for concurrent use.
func Pack(batch *uplinkv1.Batch) (dictionary uint32, packed []byte, err error) {
	raw, err := Encode(batch)
	if err != nil {
		return 0, nil, err
	}
	if len(raw) > MaxUnpacked {
		return 0, nil, fmt.Errorf("encode batch of %d entries: %d bytes: %w", len(batch.GetEntries()), len(raw), ErrTooLarge)
	}
	enc, err := encoder()
	if err != nil {
		return 0, nil, fmt.Errorf("open dictionary %d: %w", Dictionary, err)
	}
	packed = enc.EncodeAll(raw, nil)
	if len(packed) > MaxPacked {
		return 0, nil, fmt.Errorf("compress batch of %d entries: %d bytes: %w", len(batch.GetEntries()), len(packed), ErrTooLarge)
	}
	return Dictionary, packed, nil
}

// Unpack is the reverse of [Pack] for every dictionary ever released. It is safe for concurrent use.
func Unpack(dictionary uint32, packed []byte) (*uplinkv1.Batch, error) {
	if len(packed) > MaxPacked {
		return nil, fmt.Errorf("open batch of %d bytes: %w", len(packed), ErrTooLarge)
	}
	open, ok := decoders[dictionary]
	if !ok {
		return nil, fmt.Errorf("open batch with dictionary %d: %w", dictionary, ErrDictionary)
	}
	dec, err := open()
	if err != nil {
		return nil, fmt.Errorf("open dictionary %d: %w", dictionary, err)
	}
	raw, err := dec.DecodeAll(packed, nil)
	switch {
	case errors.Is(err, zstd.ErrDecoderSizeExceeded), errors.Is(err, zstd.ErrWindowSizeExceeded):
		return nil, fmt.Errorf("open batch: %w", ErrTooLarge)
	case err != nil:
		return nil, fmt.Errorf("open batch: %w: %w", ErrDamaged, err)
	case len(raw) > MaxUnpacked:
		return nil, fmt.Errorf("open batch: %w", ErrTooLarge)
	}
	return decode(raw)
}
