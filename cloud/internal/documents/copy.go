package documents

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"

	"github.com/chekan-io/chekan/cloud/internal/store"
	"github.com/chekan-io/chekan/cloud/internal/store/db"
	uplinkv1 "github.com/chekan-io/chekan/proto/gen/uplink/v1"
)

// maxCopy is the longest copy: an STLV tells its length in two bytes (FFD, chapter "TLV"), and some room for what is broken.
const maxCopy = 1 << 17

// copyRows turns a copy into its row and into what it tells of the document.
func copyRows(organisation, till string, c *uplinkv1.DocumentCopy, now int64) (store.Copy, db.Document) {
	doc := c.GetDocument()
	body := c.GetTlv()
	if body == nil {
		body = []byte{}
	}
	sum := sha256.New()
	sum.Write(binary.BigEndian.AppendUint32(nil, doc.GetFp()))
	sum.Write(body)
	return store.Copy{TillID: till, Copy: db.Copy{
		OrganisationID: organisation, FN: doc.GetFn(), FD: int64(doc.GetFd()), Digest: sum.Sum(nil), FP: int64(doc.GetFp()),
		StoredAt: now, Body: body,
	}}, documentRow(organisation, till, doc, now)
}

// checkCopy asks only for what a row needs: a body that cannot be read is kept as it came.
func checkCopy(c *uplinkv1.DocumentCopy) error {
	doc := c.GetDocument()
	switch {
	case doc.GetFn() == "" || doc.GetFd() == 0:
		return fmt.Errorf("copy of a document without number: %w", ErrInvalid)
	case len(c.GetTlv()) > maxCopy:
		return fmt.Errorf("copy of %d bytes: %w", len(c.GetTlv()), ErrInvalid)
	}
	if err := checkTill(c.GetTill()); err != nil {
		return err
	}
	return checkDocument(doc)
}
