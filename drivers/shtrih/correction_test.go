package shtrih

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/chekan-io/chekan/protocol/ffd"
	"github.com/chekan-io/chekan/protocol/fiscal"
)

// The basis of a correction has what its format has, and no more.
func TestCorrectionTags(t *testing.T) {
	own := fiscal.Correction{Reason: "Не пробит чек", Date: fiscal.DateTime{Year: 2026, Month: 2, Day: 3, Hour: 4}}
	order := own
	order.ByOrder, order.Number = true, "12-34"
	for _, c := range []struct {
		name string
		of   fiscal.Correction
		v    ffd.Version
		want []ffd.Tag
	}{
		{"1.05", own, ffd.V105, []ffd.Tag{1177, 1178, 1179}},
		{"1.1", own, ffd.V11, []ffd.Tag{1177, 1178, 1179}},
		{"1.2", own, ffd.V12, []ffd.Tag{1178}},
		{"1.2 by order", order, ffd.V12, []ffd.Tag{1178, 1179}},
	} {
		tags := correctionTags(c.of, c.v)
		var got []ffd.Tag
		for _, f := range tags[1].Fields {
			got = append(got, f.Tag)
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", c.name, diff)
		}
		day, _ := tags[1].Find(ffd.TagCorrectionDate)
		if byOrder := tags[0].Uint() == 1; byOrder != c.of.ByOrder || day.Time().String() != "2026-02-03T00:00" {
			t.Errorf("%s: by order %v, of %s", c.name, byOrder, day.Time())
		}
	}
}
