package shtrih

import (
	"context"

	"github.com/chekan-io/chekan/drivers"
	"github.com/chekan-io/chekan/protocol/ffd"
)

var _ drivers.Marker = (*Till)(nil)

// markerTag is the additional requisite of the user (tag 1084) with our mark.
func markerTag(marker string) ffd.Field {
	return ffd.Group(ffd.TagUserData, textTag(ffd.TagUserDataName, ffd.MarkerName), textTag(ffd.TagUserDataValue, marker))
}

// MarkerOf implements drivers.Marker. A document that cannot be taken apart
// holds no mark of ours.
func (t *Till) MarkerOf(ctx context.Context, fd uint32) (string, error) {
	b, err := t.DocumentTLV(ctx, fd)
	if err != nil {
		return "", err
	}
	d, err := ffd.ParseDocument(b)
	if err != nil {
		return "", nil //nolint:nilerr // see above
	}
	return d.Fact().Marker, nil
}
