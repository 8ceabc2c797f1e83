package explore

import (
	"flag"
	"hash/fnv"
)

var (
	everything = flag.Bool("everything", false, "explore every point instead of a sample")
	most       = flag.Int64("points", 0, "stop sampling after so many points; 0 is no limit")
	thin       = flag.Uint64("thin", 1, "of everything explore one point in so many")
	seed       = flag.String("seed", "1", "seed of the sample")
	state      = flag.String("resume", "", "file of the points explored before; they are not explored again")
)

// deviceShare is one in how many device faults a plain `go test` tries.
const deviceShare = 8

// sampled chooses one in share points, the same for the same seed.
func sampled(point string, share uint64) bool {
	if *most > 0 && played.Load() >= *most {
		return false
	}
	if *everything {
		share = *thin
	}
	h := fnv.New64a()
	_, _ = h.Write([]byte(*seed + point))
	return h.Sum64()%share == 0
}
