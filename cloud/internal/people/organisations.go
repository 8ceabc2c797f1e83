package people

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"strings"

	"github.com/chekan-io/chekan/cloud/internal/access"
	"github.com/chekan-io/chekan/cloud/internal/audit"
	"github.com/chekan-io/chekan/cloud/internal/store"
	"github.com/chekan-io/chekan/cloud/internal/store/db"
	"github.com/chekan-io/chekan/cloud/internal/taxid"
)

const (
	// maxName bounds names, in characters; maxAddress postal addresses.
	maxName, maxAddress = 200, 500
	// maxHours bounds the text that says when somebody answers.
	maxHours = 200
	// maxOrganisations is how many one person may work in and still make another.
	maxOrganisations = 50
)

// Organisation is who has tills, or repairs them.
type Organisation struct {
	ID string
	// Kind is access.KindOwner or access.KindService; it is set when the organisation is made.
	Kind string
	// Country is ru or kz; TaxID is checked by its rules. Both may be empty.
	Country, TaxID string
	// Name is all that has to be told.
	Name                  string
	Email, Phone, Address string
	// Hours says when somebody answers the phone, in the organisation's own words.
	Hours string
	// PartnerCode is what clients of a service centre type: K7QF-2M9X.
	PartnerCode string
	CreatedAt   int64
}

// checked gives an organisation as it is kept, or says what is wrong with it.
func checked(o Organisation) (Organisation, error) {
	var err error
	if o.Name, err = line("name", o.Name, maxName, true); err != nil {
		return o, err
	}
	if o.Address, err = line("address", o.Address, maxAddress, false); err != nil {
		return o, err
	}
	if o.Hours, err = line("hours", o.Hours, maxHours, false); err != nil {
		return o, err
	}
	if o.Email != "" {
		if o.Email, err = email(o.Email); err != nil {
			return o, err
		}
	}
	if o.Phone != "" {
		if o.Phone, err = phone(o.Phone); err != nil {
			return o, err
		}
	}
	o.TaxID = taxid.Clean(o.TaxID)
	switch taxid.Country(o.Country) {
	case taxid.Russia, taxid.Kazakhstan, "":
	default:
		return o, refuse(ErrInvalid, "country", "taxid_country")
	}
	if o.TaxID == "" {
		return o, nil
	}
	if _, err = taxid.Check(taxid.Country(o.Country), o.TaxID); err != nil {
		if w, ok := errors.AsType[*taxid.WrongError](err); ok {
			return o, &Refusal{Kind: ErrInvalid, Reason: "taxid_" + w.Rule, Field: "tax_id", Args: w.Args}
		}
		return o, err
	}
	return o, nil
}

// Create makes an organisation in the caller's transaction; personID administers it. [ErrConflict] says that one of this kind with
// this tax id is here already.
func Create(ctx context.Context, q *db.Queries, now int64, o Organisation, personID string) (Organisation, error) {
	o, err := checked(o)
	if err != nil {
		return o, err
	}
	if o.Kind != access.KindOwner && o.Kind != access.KindService {
		return o, refuse(ErrInvalid, "kind", "kind")
	}
	o.ID, o.CreatedAt, o.PartnerCode = store.NewID(), now, ""
	if err := q.AddOrganisation(ctx, db.AddOrganisationParams{
		ID: o.ID, Name: o.Name, CreatedAt: now, Kind: o.Kind, Country: o.Country, TaxID: o.TaxID, Email: o.Email, Phone: o.Phone, Address: o.Address,
		Hours: o.Hours,
	}); store.Exists(err) {
		return o, refuse(ErrConflict, "tax_id", "taxid_taken")
	} else if err != nil {
		return o, fmt.Errorf("create organisation: %w", err)
	}
	if o.Kind == access.KindService {
		o.PartnerCode = newPartnerCode()
		if _, err := q.SetPartnerCode(ctx, db.SetPartnerCodeParams{ID: o.ID, PartnerCode: plainCode(o.PartnerCode)}); err != nil {
			return o, fmt.Errorf("set partner code: %w", err)
		}
	}
	if err := q.JoinOrganisation(ctx, db.JoinOrganisationParams{OrganisationID: o.ID, PersonID: personID, CreatedAt: now}); err != nil {
		return o, fmt.Errorf("join organisation: %w", err)
	}
	if err := q.Assign(ctx, db.AssignParams{OrganisationID: o.ID, PersonID: personID, Role: string(access.Administrator), CreatedAt: now}); err != nil {
		return o, fmt.Errorf("assign role: %w", err)
	}
	return o, audit.Note(ctx, q, audit.Entry{OrganisationID: o.ID, Act: "organisation.created", Object: o.ID, Name: o.Name, New: o.text()})
}

// Create makes another organisation of somebody who is signed in.
func (p *People) Create(ctx context.Context, by *access.Person, o Organisation) (Organisation, error) {
	n, err := p.store.Read().CountMemberships(ctx, by.ID)
	if err != nil {
		return o, fmt.Errorf("count organisations: %w", err)
	}
	if n >= maxOrganisations {
		return o, refuse(ErrConflict, "", "at_most", "most", fmt.Sprint(maxOrganisations))
	}
	err = p.store.Tx(ctx, func(q *db.Queries) error {
		o, err = Create(ctx, q, store.Micros(p.now()), o, by.ID)
		return err
	})
	return o, err
}

// Organisation gives one.
func (p *People) Organisation(ctx context.Context, id string) (Organisation, error) {
	return organisation(ctx, p.store.Read(), id)
}

func organisation(ctx context.Context, q *db.Queries, id string) (Organisation, error) {
	row, err := q.GetOrganisation(ctx, id)
	if store.NotFound(err) {
		return Organisation{}, notFound("organisation")
	} else if err != nil {
		return Organisation{}, fmt.Errorf("read organisation: %w", err)
	}
	return Organisation{
		ID: row.ID, Kind: row.Kind, Country: row.Country, TaxID: row.TaxID, Name: row.Name, Email: row.Email, Phone: row.Phone, Address: row.Address,
		Hours: row.Hours, PartnerCode: readable(row.PartnerCode), CreatedAt: row.CreatedAt,
	}, nil
}

// Update changes what is known of the organisation somebody works in.
func (p *People) Update(ctx context.Context, by *access.Person, o Organisation) (Organisation, error) {
	if !by.CanAll(access.PeopleManage) {
		return o, refuse(ErrDenied, "", "not_yours")
	}
	o, err := checked(o)
	if err != nil {
		return o, err
	}
	err = p.locked(ctx, by.OrganisationID, func(q *db.Queries) error {
		was, err := organisation(ctx, q, by.OrganisationID)
		if err != nil {
			return err
		}
		o.ID, o.Kind, o.PartnerCode, o.CreatedAt = was.ID, was.Kind, was.PartnerCode, was.CreatedAt
		if o == was {
			return nil
		}
		if _, err := q.UpdateOrganisation(ctx, db.UpdateOrganisationParams{
			ID: o.ID, Name: o.Name, Country: o.Country, TaxID: o.TaxID, Email: o.Email, Phone: o.Phone, Address: o.Address, Hours: o.Hours,
		}); store.Exists(err) {
			return refuse(ErrConflict, "tax_id", "taxid_taken")
		} else if err != nil {
			return fmt.Errorf("change organisation: %w", err)
		}
		before, after := differences(was, o)
		return audit.Note(ctx, q, audit.Entry{OrganisationID: o.ID, Act: "organisation.changed", Object: o.ID, Name: o.Name, Old: before, New: after})
	})
	return o, p.changed(err)
}

// fields are what may be changed, with the words of the journal.
func (o Organisation) fields() [][2]string {
	return [][2]string{{"название", o.Name}, {"страна", o.Country}, {"ИНН/БИН", o.TaxID}, {"почта", o.Email}, {"телефон", o.Phone}, {"адрес", o.Address}, {"часы работы", o.Hours}}
}

func (o Organisation) text() string {
	var parts []string
	for _, f := range o.fields() {
		if f[1] != "" {
			parts = append(parts, f[0]+": "+f[1])
		}
	}
	return strings.Join(parts, "; ")
}

// differences gives the fields that differ, before and after.
func differences(was, is Organisation) (before, after string) {
	var a, b []string
	now := is.fields()
	for i, f := range was.fields() {
		if f[1] != now[i][1] {
			a = append(a, f[0]+": "+cmp.Or(f[1], "—"))
			b = append(b, f[0]+": "+cmp.Or(now[i][1], "—"))
		}
	}
	return strings.Join(a, "; "), strings.Join(b, "; ")
}

// partnerLetters are those nobody confuses on paper or on the phone.
const partnerLetters = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"

// partnerCodeLength letters are 40 bits: two centres never get one code, and nobody hits one by chance.
const partnerCodeLength = 8

func newPartnerCode() string {
	b := make([]byte, partnerCodeLength)
	_, _ = rand.Read(b) // never fails (crypto/rand)
	for i := range b {
		b[i] = partnerLetters[int(b[i])%len(partnerLetters)] // 32 letters: no bias
	}
	return readable(string(b))
}

// plainCode is a code as it is kept and compared, however it was typed.
func plainCode(text string) string {
	return strings.ToUpper(taxid.Clean(text))
}

// readable is a code as it is shown: K7QF-2M9X.
func readable(code string) string {
	if len(code) != partnerCodeLength {
		return code
	}
	return code[:4] + "-" + code[4:]
}

// partnerCode gives a service centre's code; one is made for a centre that has none yet.
func (p *People) partnerCode(ctx context.Context, organisationID string) (string, error) {
	o, err := p.Organisation(ctx, organisationID)
	if err != nil || o.Kind != access.KindService || o.PartnerCode != "" {
		return o.PartnerCode, err
	}
	if _, err := p.store.Write().SetPartnerCode(ctx, db.SetPartnerCodeParams{ID: o.ID, PartnerCode: plainCode(newPartnerCode())}); err != nil {
		return "", fmt.Errorf("set partner code: %w", err)
	}
	o, err = p.Organisation(ctx, organisationID)
	return o.PartnerCode, err
}
