package main

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/chekan-io/chekan/cloud/internal/access"
	"github.com/chekan-io/chekan/cloud/internal/store/db"
	"github.com/chekan-io/chekan/cloud/internal/store/storetest"
)

// money is what of a spot nobody without money:view may ever read, in the forms it is written in.
func (s *spot) money() map[string]string {
	plain, spaced, grouped := sums(s.total)
	rub, kop := s.total/100, s.total%100
	return map[string]string{
		"minor units": fmt.Sprint(s.total), "with kopecks": plain, "with the sign of the rouble": spaced, "with no-break spaces": grouped,
		"with a point": fmt.Sprintf("%d.%02d", rub, kop), "roubles alone": fmt.Sprint(rub), "grouped roubles": fmt.Sprintf("%d %03d", rub/1000, rub%1000),
		"goods": s.product, "cashier": s.cashier, "buyer": s.buyer, "buyer without plus": strings.TrimPrefix(s.buyer, "+"),
	}
}

// TestMoneyBlind crawls everything that a service centre and everybody without money:view can reach, acts included, and looks for
// planted sums, goods, cashiers and buyers. The same crawl by the owner has to find them, or it would prove nothing.
func TestMoneyBlind(t *testing.T) {
	methods := cabinetMethods(t)
	storetest.Addresses(t, func(t *testing.T, address string) {
		w := newRightsWorld(t, address)
		base := w.c.addresses.Cabinet
		surfaces, hits := 0, 0
		crawl := func(c *caller, acts bool, found func(m method, form, text string)) {
			for _, m := range methods {
				if m.row.how == open || m.row.how == own && !m.reads() || !acts && !m.reads() || !c.anywhere(m.need) && m.row.how != own {
					continue
				}
				for _, s := range []*spot{w.a, w.b} {
					for _, f := range []filling{bare, byTill, byOutlet, byNode, byDepartment} {
						if m.row.how != listing && f != bare || !m.narrows() && (f == byNode || f == byDepartment) {
							continue
						}
						a := c.ask(t, base, m, m.request(s, f))
						surfaces++
						for _, planted := range []*spot{w.a, w.b, w.f} {
							for form, text := range planted.money() {
								if strings.Contains(a.text+a.message, text) {
									found(m, form, text)
								}
							}
						}
					}
				}
			}
		}
		w.assign(t, w.walker, w.owner, string(access.Administrator), "")
		owner := &caller{name: "owner", client: w.walker.http, home: w.owner, rights: []heldRight{{access.Administrator.Permissions(), w.owner, ""}}}
		seen, by := map[string]bool{}, map[string]bool{}
		crawl(owner, false, func(m method, form, _ string) { seen[form], by[m.name] = true, true })
		for form := range w.a.money() {
			if !seen[form] {
				t.Errorf("the owner finds no %s: the crawl would not find it for others either", form)
			}
		}
		for _, name := range []string{
			"FleetService/ListTills", "FleetService/Watch", "FleetService/GetCommand", "FleetService/ListCommands", "FleetService/ListTickets", "FleetService/GetTicket",
			"DocumentsService/ListOperations", "DocumentsService/ListUndecided", "DocumentsService/GetDocument", "DocumentsService/SearchDocuments",
			"DocumentsService/ExportDocuments", "DocumentsService/ListShifts", "DocumentsService/GetRevenue", "DocumentsService/ListProducts",
		} {
			if !by[name] {
				t.Errorf("the owner finds nothing by %s", name)
			}
		}
		surfaces = 0
		blind := func(c *caller) {
			crawl(c, true, func(m method, form, text string) {
				hits++
				t.Errorf("%s by %s tells %s: %q", m.name, c.name, form, text)
			})
		}
		var secret access.MadeKey
		if err := w.c.store.Tx(t.Context(), func(q *db.Queries) (err error) {
			secret, err = w.c.access.NewKey(t.Context(), q, access.NewKey{OrganisationID: w.owner, Name: "монитор", Role: w.custom, By: "tester"})
			return err
		}); err != nil {
			t.Fatal(err)
		}
		served := access.SetOf(access.TillsView, access.TillsRecover, access.DocumentsView)
		for _, service := range []string{grantWhole, grantOutlet} {
			w.assign(t, w.serviceman, service, string(access.Administrator), "")
			node := ""
			if service == grantOutlet {
				node = w.a.outlet
			}
			blind(&caller{
				name: service, client: w.serviceman.http, header: map[string]string{"Chekan-Organisation": service}, home: service,
				rights: []heldRight{{access.Administrator.Permissions(), service, ""}, {served, w.owner, node}},
			})
		}
		for _, role := range []string{string(access.Viewer), string(access.Technician), w.custom} {
			w.assign(t, w.walker, w.owner, role, "")
			may := access.Role(role).Permissions()
			if role == w.custom {
				may = customPermissions
			}
			blind(&caller{name: role, client: w.walker.http, home: w.owner, rights: []heldRight{{may, w.owner, ""}}})
		}
		blind(&caller{
			name: "key", client: http.DefaultClient, header: map[string]string{"Authorization": "Bearer " + secret.Secret}, key: true, home: w.owner,
			rights: []heldRight{{customPermissions, w.owner, ""}},
		})
		fmt.Printf("MONEYBLIND surfaces=%d hits=%d\n", surfaces, hits)
	})
}
