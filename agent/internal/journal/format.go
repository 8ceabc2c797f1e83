package journal

// Formats of the files, for whoever decides whether another version of the
// agent may take this journal over. A file of a format later than [Format] is
// refused ([ErrNewer]); an update that would write one which the version before
// could not read has no way back.
const (
	// Format is what this version writes.
	Format = format
	// OldestFormat is the first one that it reads; it reads all from there to Format.
	OldestFormat = 1
)
