package shtrih

import (
	"context"
	"fmt"

	"github.com/chekan-io/chekan/drivers"
	"github.com/chekan-io/chekan/protocol/shtrih"
)

var _ drivers.Marker = (*Till)(nil)

// markerName is what stands in tag 1085 beside our mark.
const markerName = "chekan"

// markerTag is the additional requisite of the user (tag 1084) with our mark.
func markerTag(marker string) (shtrih.TLV, error) {
	inside, err := shtrih.AppendTLV(nil, shtrih.StringTLV(tagUserDataName, markerName), shtrih.StringTLV(tagUserDataValue, marker))
	if err != nil {
		return shtrih.TLV{}, fmt.Errorf("tag %d: %w", tagUserData, err)
	}
	return shtrih.TLV{Tag: tagUserData, Value: inside}, nil
}

// MarkerOf implements drivers.Marker.
func (t *Till) MarkerOf(ctx context.Context, fd uint32) (string, error) {
	body, err := t.DocumentTLV(ctx, fd)
	if err != nil {
		return "", err
	}
	return markerIn(body[4:]), nil // behind the form and the length
}

// markerIn finds our mark among the tags of a document. Tags that cannot be
// taken apart hold no mark of ours.
func markerIn(body []byte) string {
	tags, err := shtrih.DecodeTLV(body)
	if err != nil {
		return ""
	}
	for _, tag := range tags {
		if tag.Tag != tagUserData {
			continue
		}
		inside, err := shtrih.DecodeTLV(tag.Value)
		if err != nil || len(inside) != 2 || inside[0].Tag != tagUserDataName || inside[0].Text() != markerName || inside[1].Tag != tagUserDataValue {
			continue
		}
		return inside[1].Text()
	}
	return ""
}
