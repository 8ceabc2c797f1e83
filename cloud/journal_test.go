package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/chekan-io/chekan/cloud/internal/audit"
	"github.com/chekan-io/chekan/cloud/internal/config"
	"github.com/chekan-io/chekan/cloud/internal/store/db"
	"github.com/chekan-io/chekan/cloud/internal/store/storetest"
)

// TestAuditVerify: whatever was done to a line of the journal behind the cabinet's back, `chekan-cloud audit verify` fails and says in whose
// journal and from which line on it is not what was written; the journals of others are read all the same.
func TestAuditVerify(t *testing.T) {
	storetest.Addresses(t, func(t *testing.T, address string) {
		s := storetest.Open(t, address)
		ctx := audit.WithActor(t.Context(), audit.Actor{ID: "p1", Name: "anna", Address: "192.0.2.7", Browser: "Chromium"})
		for i := range 6 {
			for _, organisation := range []string{"o1", "o2", ""} {
				e := audit.Entry{OrganisationID: organisation, Act: "till.moved", Object: fmt.Sprint("t", i), Name: fmt.Sprint("Касса ", i), Old: "Склад", New: "Зал"}
				if err := s.Tx(ctx, func(q *db.Queries) error { return audit.Note(ctx, q, e) }); err != nil {
					t.Fatal(err)
				}
			}
		}
		cfg := config.Config{Data: t.TempDir(), Database: address}
		said, err := command(t, cfg, "audit", "verify")
		if err != nil || strings.Count(said, "строк 6, все верны; последняя ") != 3 || !strings.Contains(said, "cabinet: ") {
			t.Fatalf("a whole journal: %v, %s", err, said)
		}
		const of = " WHERE organisation_id = 'o1' AND number = "
		swap := func(column string) string { // what stands in line 3 stands in line 4 and the other way round
			return fmt.Sprintf("%[1]s = (SELECT o.%[1]s FROM audit_as_it_was o WHERE o.organisation_id = 'o1' AND o.number = 7 - audit.number)", column)
		}
		for name, c := range map[string]struct {
			sql    string
			broken int
		}{
			"another hash":        {"UPDATE audit SET hash = (SELECT o.hash FROM audit o WHERE o.organisation_id = 'o2' AND o.number = 3)" + of + "3", 3},
			"no hash":             {"UPDATE audit SET hash = (SELECT h.hash FROM audit_heads h WHERE h.organisation_id = 'o2')" + of + "1", 1},
			"a line taken out":    {"DELETE FROM audit" + of + "2", 2},
			"the first taken out": {"DELETE FROM audit" + of + "1", 1},
			"the last taken out":  {"DELETE FROM audit" + of + "6", 6},
			"all taken out":       {"DELETE FROM audit WHERE organisation_id = 'o1'", 1},
			"two lines in each other's place": {"UPDATE audit SET " + swap("object") + ", " + swap("name") + ", " + swap("created_at") + ", " + swap("hash") +
				" WHERE organisation_id = 'o1' AND number IN (3, 4)", 3},
			"another name":    {"UPDATE audit SET name = 'Касса 9'" + of + "5", 5},
			"another actor":   {"UPDATE audit SET actor = 'boris'" + of + "4", 4},
			"another person":  {"UPDATE audit SET actor_id = 'p2'" + of + "4", 4},
			"another address": {"UPDATE audit SET address = '192.0.2.8'" + of + "6", 6},
			"another browser": {"UPDATE audit SET browser = ''" + of + "2", 2},
			"another act":     {"UPDATE audit SET act = 'till.made'" + of + "2", 2},
			"another before":  {"UPDATE audit SET old = new" + of + "3", 3},
			"another after":   {"UPDATE audit SET new = old" + of + "3", 3},
			"another time":    {"UPDATE audit SET created_at = created_at - 1" + of + "1", 1},
			"a line of somebody else's": {"UPDATE audit SET object = (SELECT o.object FROM audit o WHERE o.organisation_id = 'o2' AND o.number = 1), " +
				"hash = (SELECT o.hash FROM audit o WHERE o.organisation_id = 'o2' AND o.number = 1)" + of + "1", 1},
			"two wrong lines": {"UPDATE audit SET name = 'x' WHERE organisation_id = 'o1' AND number IN (5, 2)", 2},
		} {
			t.Run(name, func(t *testing.T) {
				storetest.Meddle(t, address, c.sql, func() {
					said, err := command(t, cfg, "audit", "verify")
					want := fmt.Sprintf("o1: строка %d изменена, вынута или вставлена; до неё верны %d\n", c.broken, c.broken-1)
					if !errors.Is(err, audit.ErrBroken) || !strings.Contains(said, want) || strings.Count(said, "строк 6, все верны") != 2 {
						t.Errorf("%v, said %s", err, said)
					}
					said, err = command(t, cfg, "--json", "audit", "verify")
					broken := map[string]int{}
					for line := range strings.Lines(said) {
						var one struct {
							Organisation string
							Broken       int
						}
						if err := json.Unmarshal([]byte(line), &one); err != nil {
							t.Errorf("%q: %v", line, err)
						}
						broken[one.Organisation] = one.Broken
					}
					if !errors.Is(err, audit.ErrBroken) || len(broken) != 3 || broken["o1"] != c.broken || broken["o2"] != 0 || broken["cabinet"] != 0 {
						t.Errorf("%v, said %s", err, said)
					}
				})
			})
		}
	})
}
