package documents

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"fmt"

	"github.com/chekan-io/chekan/cloud/internal/access"
	"github.com/chekan-io/chekan/cloud/internal/store"
	"github.com/chekan-io/chekan/cloud/internal/store/db"
	uplinkv1 "github.com/chekan-io/chekan/proto/gen/uplink/v1"
	"github.com/chekan-io/chekan/protocol/ffd"
	"github.com/chekan-io/chekan/protocol/fiscal"
)

// maxCopy is the longest copy: the length of an STLV has two bytes (FFD, annex 2), and what is broken gets some room.
const maxCopy = 1 << 17

// Copy is what the cabinet has of the document itself.
type Copy struct {
	// Body is the document as one STLV, as it came; nil when none came, or when the fiscal memory did not keep it any more.
	Body []byte
	// Contradicted says that something else came as a copy of this document. It is kept aside.
	Contradicted bool
	// Registration is what the latest registration known of this fiscal memory says; a slip shows it, a receipt need not have it.
	Registration fiscal.Registration
}

// copyRows turns a copy into its row and into what it tells of the document. The archive's facts come first; what they leave
// out, the document's own tags may tell. A body that names another document than the facts do is marked.
func copyRows(organisation, till string, c *uplinkv1.DocumentCopy, now int64) (store.Copy, store.Document) {
	told := c.GetDocument()
	body := c.GetTlv()
	if body == nil {
		body = []byte{} // a row has a body, be it empty
	}
	sum := sha256.New()
	sum.Write(binary.BigEndian.AppendUint32(nil, told.GetFp()))
	sum.Write(body)
	row := store.Copy{TillID: till, Copy: db.Copy{
		OrganisationID: organisation, FN: told.GetFn(), FD: int64(told.GetFd()), Digest: sum.Sum(nil), FP: int64(told.GetFp()),
		StoredAt: now, Body: body,
	}}
	of := documentRow(organisation, till, told, now)
	doc, err := ffd.ParseDocument(body)
	if err != nil {
		return row, of
	}
	own := doc.Fact()
	if own.FN != "" && own.FN != told.GetFn() || own.FD != 0 && own.FD != told.GetFd() || own.FP != 0 && own.FP != told.GetFp() ||
		told.GetType() != 0 && uint32(own.Type) != told.GetType() {
		row.Aside = true
		return row, of
	}
	of.Type = int32(own.Type)
	if of.At == "" && own.At.Valid() {
		of.At = own.At.String()
	}
	if of.Kind == 0 && own.Kind.IsReceipt() {
		of.Kind = int32(own.Kind)
	}
	if of.Total == 0 {
		of.Total = int64(own.Total)
	}
	if of.Shift == 0 {
		of.Shift = int64(own.Shift)
	}
	if of.Receipt == 0 {
		of.Receipt = int64(own.Receipt)
	}
	readCopy(&of, doc)
	return row, of
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

// CopyCursors tells where the copies of the fiscal memories in an agent's tills end.
func (d *Documents) CopyCursors(ctx context.Context, agent *access.Agent) ([]*uplinkv1.CopyCursor, error) {
	rows, err := d.store.Read().ListCopyCursors(ctx, db.ListCopyCursorsParams{AgentID: agent.ID, OrganisationID: agent.OrganisationID})
	if err != nil {
		return nil, fmt.Errorf("read where copies end: %w", err)
	}
	var list []*uplinkv1.CopyCursor
	for _, row := range rows {
		if row.FD > 0 {
			list = append(list, &uplinkv1.CopyCursor{Fn: row.FN, Fd: uint32(row.FD)})
		}
	}
	return list, nil
}

// Copy gives what there is of a document itself.
func (d *Documents) Copy(ctx context.Context, organisation, fn string, fd uint32) (Copy, error) {
	q := d.store.Read()
	var c Copy
	row, err := q.GetCopy(ctx, db.GetCopyParams{OrganisationID: organisation, FN: fn, FD: int64(fd)})
	if err != nil && !store.NotFound(err) {
		return Copy{}, fmt.Errorf("read copy: %w", err)
	}
	alike := int64(0)
	if len(row.Body) > 0 {
		c.Body, alike = row.Body, 1
	}
	count, err := q.CountCopies(ctx, db.CountCopiesParams{OrganisationID: organisation, FN: fn, FD: int64(fd)})
	if err != nil {
		return Copy{}, fmt.Errorf("count copies: %w", err)
	}
	c.Contradicted = count > alike
	body, err := q.GetRegistrationCopy(ctx, db.GetRegistrationCopyParams{OrganisationID: organisation, FN: fn, FD: int64(fd)})
	if err != nil && !store.NotFound(err) {
		return Copy{}, fmt.Errorf("read registration: %w", err)
	}
	if doc, err := ffd.ParseDocument(body); err == nil {
		c.Registration = registration(doc)
	}
	return c, nil
}

// registration reads what a slip shows of a registration.
func registration(doc ffd.Document) fiscal.Registration {
	text := func(t ffd.Tag) string {
		f, _ := doc.Find(t)
		return f.Text()
	}
	systems, _ := doc.Find(ffd.TagTaxSystems)
	user, _ := doc.Find(ffd.TagINN)
	return fiscal.Registration{
		INN: user.INN(), RNM: text(ffd.TagRNM), Serial: text(ffd.TagSerial), User: text(ffd.TagUser), Address: text(ffd.TagAddress),
		Place: text(ffd.TagPlace), TaxSystems: fiscal.TaxSystem(systems.Uint()), OFDName: text(ffd.TagOFDName), Automat: text(ffd.TagAutomat),
		Site: text(ffd.TagSite), Sender: text(ffd.TagSender),
	}
}
