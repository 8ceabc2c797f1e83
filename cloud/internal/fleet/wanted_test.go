package fleet

import (
	"testing"

	"google.golang.org/protobuf/proto"

	"github.com/chekan-io/chekan/cloud/internal/access"
	"github.com/chekan-io/chekan/cloud/internal/light"
	"github.com/chekan-io/chekan/cloud/internal/store/db"
	cabinetv1 "github.com/chekan-io/chekan/proto/gen/cabinet/v1"
	fiscalv1 "github.com/chekan-io/chekan/proto/gen/fiscal/v1"
)

func TestOtherOperator(t *testing.T) {
	for name, c := range map[string]struct{ wanted, found, want string }{
		"nobody chose":       {found: "7704211201"},
		"the till is silent": {wanted: "9715260691"},
		"the same":           {wanted: "9715260691", found: "9715260691"},
		"filled in front":    {wanted: "9715260691", found: "009715260691"},
		"filled behind":      {wanted: "9715260691", found: "9715260691  "},
		"another":            {wanted: "9715260691", found: "7704211201", want: "7704211201"},
	} {
		if got := OtherOperator(c.wanted, &fiscalv1.TillState{OfdInn: c.found}); got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}

// A till registered with another operator than was chosen is yellow and names both; the neighbour of the same organisation is not.
func TestTill_otherOperator(t *testing.T) {
	both(t, func(t *testing.T, w *world) {
		w.OperatorName = func(inn string) string { return "Платформа " + inn }
		tell := func(inn string) {
			t.Helper()
			if err := w.tell(t,
				&fiscalv1.TillState{Till: "kassa", Driver: "shtrih", Serial: "0001", Online: true, OfdInn: inn, OfdName: "Такском"},
				&fiscalv1.TillState{Till: "other", Driver: "shtrih", Serial: "0002", Online: true, OfdInn: "7704211201"},
			); err != nil {
				t.Fatal(err)
			}
		}
		tell("7704211201")
		id, err := w.TillID(t.Context(), w.agents[0], "kassa")
		if err != nil {
			t.Fatal(err)
		}
		look := func(want bool) {
			t.Helper()
			tills, err := w.Tills(t.Context(), access.Whole("o1"))
			if err != nil {
				t.Fatal(err)
			}
			for _, till := range tills {
				one, err := w.Till(t.Context(), "o1", till.ID)
				if err != nil {
					t.Fatal(err)
				}
				for _, till := range []*Till{till, one} {
					var cell light.Cell
					for _, c := range till.Cells {
						if c.Aspect == light.OFD {
							cell = c
						}
					}
					switch drifted := want && till.ID == id; {
					case drifted != (cell.Code == CodeOtherOperator), drifted != (till.Light == cabinetv1.Light_LIGHT_YELLOW):
						t.Errorf("%s: %v %+v", till.Name, till.Light, cell)
					case drifted && (cell.Args["found"] != "Такском 7704211201" || cell.Args["wanted"] != "Платформа 9715260691"):
						t.Errorf("%v", cell.Args)
					}
				}
			}
		}
		look(false)
		choose := func(version int64, inn string) {
			t.Helper()
			body, err := proto.Marshal(&fiscalv1.TillSettings{Ofd: "ofd.example:7777", OfdInn: inn})
			if err != nil {
				t.Fatal(err)
			}
			if err := w.store.Write().AddSettings(t.Context(), db.AddSettingsParams{
				OrganisationID: "o1", TillID: id, Version: version, Body: body, Actor: "anna", ChangedAt: 1, CommandID: "c",
			}); err != nil {
				t.Fatal(err)
			}
		}
		choose(1, "9715260691")
		w.Chosen("o1", id)
		look(true)
		tell("009715260691") // registered anew
		look(false)
		tell("7704211201")
		look(true)
		choose(2, "7704211201")
		look(true) // another cabinet was told; this one looks again in a while
		w.clock.Pass(wantedFor)
		tell("7704211201")
		look(false)
	})
}
