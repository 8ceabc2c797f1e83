package audit

import (
	"testing"

	"github.com/chekan-io/chekan/cloud/internal/store/db"
	"github.com/chekan-io/chekan/cloud/internal/store/storetest"
)

// TestVerify_last: the last line binds no other one, so who changes it can make its hash anew. What the next line will be bound to is kept
// beside the lines, and tells.
func TestVerify_last(t *testing.T) {
	storetest.Addresses(t, func(t *testing.T, address string) {
		s := storetest.Open(t, address)
		write(t, s, Entry{OrganisationID: "o1", Act: "a"}, Entry{OrganisationID: "o1", Act: "b", Name: "Касса 1"})
		log := New(s)
		lines, _, err := log.List(t.Context(), "o1", Filter{}, 0, 2)
		if err != nil || len(lines) != 2 {
			t.Fatal(lines, err)
		}
		forged := lines[0]
		forged.Name = "Касса 2"
		// The hash that a line of this name would have, to be copied from here.
		if err := s.Write().AddAudit(t.Context(), db.AddAuditParams{OrganisationID: "forger", Number: 1, Hash: hash(lines[1].Hash, &forged)}); err != nil {
			t.Fatal(err)
		}
		storetest.Meddle(t, address, "UPDATE audit SET name = 'Касса 2', hash = (SELECT f.hash FROM audit f WHERE f.organisation_id = 'forger') "+
			"WHERE organisation_id = 'o1' AND number = 2", func() {
			if v, err := log.Verify(t.Context(), "o1", 0, nil); err != nil || v.Broken != 2 || v.Lines != 1 {
				t.Errorf("%+v, %v", v, err)
			}
		})
		if v, err := log.Verify(t.Context(), "o1", 0, nil); err != nil || v.Broken != 0 || v.Lines != 2 {
			t.Errorf("as it was: %+v, %v", v, err)
		}
	})
}
