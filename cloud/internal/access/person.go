package access

// MayCall tells whether the person may call a method that needs a permission at all. Where they hold it is asked by the method.
func (p *Person) MayCall(need Permission) bool {
	switch {
	case need == SignedIn:
		return p != nil && !p.Key
	case need == Known:
		return p != nil
	case ofWhole[need]:
		return p.CanAll(need)
	}
	return p.Can(need)
}

// At is the person as they are at a place: at work in the organisation it belongs to, with the rights that hold there and no others.
// What they may there is asked by [Person.Can].
func (p *Person) At(place Place) *Person {
	at := p.with(func(r Right) (Set, bool) { return r.May, place.Under(r.OrganisationID, r.Node) })
	if at == nil || place.OrganisationID == p.OrganisationID {
		return at
	}
	at.home = p.Home()
	at.OrganisationID, at.Organisation, at.Kind, at.Country = place.OrganisationID, p.nameOf(place.OrganisationID), "", ""
	return at
}

// Afresh is the person for another look at the trees, which may have been shaped anew.
func (p *Person) Afresh() *Person {
	if p == nil {
		return nil
	}
	again := *p
	again.forest = newForest()
	return &again
}

// Home is the person where they work, whatever place they are [Person.At].
func (p *Person) Home() *Person {
	if p != nil && p.home != nil {
		return p.home
	}
	return p
}

// Owner gives the name of an organisation that handed tills to the person's own; empty for their own, which needs no name.
func (p *Person) Owner(organisationID string) string {
	if home := p.Home(); organisationID != home.OrganisationID {
		return home.nameOf(organisationID)
	}
	return ""
}

func (p *Person) nameOf(organisationID string) string {
	for _, r := range p.Rights {
		if r.OrganisationID == organisationID {
			return r.Organisation
		}
	}
	return ""
}
