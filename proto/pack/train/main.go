// Command train makes the dictionary of package pack from invented receipts of the training shops. A dictionary that
// has been released is never made again: a better one gets the next number and a file of its own.
package main

import (
	"flag"
	"fmt"
	"io"
	"os"

	"github.com/klauspost/compress/dict"
	"github.com/klauspost/compress/zstd"

	uplinkv1 "github.com/chekan-io/chekan/proto/gen/uplink/v1"
	"github.com/chekan-io/chekan/proto/pack"
	"github.com/chekan-io/chekan/proto/pack/sample"
)

func main() {
	out := flag.String("out", "receipts-1.zdict", "file to write")
	id := flag.Uint("id", 1, "number of the dictionary")
	size := flag.Int("size", 48<<10, "size of its text, bytes")
	flag.Parse()
	if err := train(*out, uint32(*id), *size); err != nil {
		fmt.Fprintln(os.Stderr, "train:", err)
		os.Exit(1)
	}
}

func train(out string, id uint32, size int) error {
	var samples [][]byte
	for seed := range uint64(400) {
		shop := sample.New(seed, false)
		cursor := 1 + seed*977 // cursors of old and young journals
		for range 20 {
			raw, err := pack.Encode(&uplinkv1.Batch{Entries: []*uplinkv1.Entry{{Cursor: cursor, Operation: shop.Receipt()}}})
			if err != nil {
				return fmt.Errorf("encode sample: %w", err)
			}
			samples = append(samples, raw)
			cursor++
		}
	}
	text, err := dict.BuildZstdDict(samples, dict.Options{
		MaxDictSize: size, HashBytes: 6, ZstdDictID: id, ZstdLevel: zstd.SpeedFastest, Output: io.Discard,
	})
	if err != nil {
		return fmt.Errorf("build dictionary: %w", err)
	}
	return os.WriteFile(out, text, 0o644)
}
