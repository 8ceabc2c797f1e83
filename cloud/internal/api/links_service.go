package api

import (
	"context"
	"fmt"
	"strings"

	"rsc.io/qr"

	"github.com/chekan-io/chekan/cloud/internal/access"
	"github.com/chekan-io/chekan/cloud/internal/documents"
	"github.com/chekan-io/chekan/cloud/internal/post"
	cabinetv1 "github.com/chekan-io/chekan/proto/gen/cabinet/v1"
	"github.com/chekan-io/chekan/proto/gen/cabinet/v1/cabinetv1connect"
)

var _ cabinetv1connect.LinksServiceHandler = (*linksService)(nil)

type linksService struct{ s *Server }

// make makes a link to a receipt the caller may see with its sums.
func (l *linksService) make(ctx context.Context, fn string, fd, days uint32, way, to string) (*cabinetv1.ReceiptLink, string, error) {
	p, err := l.s.document(ctx, access.MoneyView, fn, fd)
	if err != nil {
		return nil, "", err
	}
	who := access.PersonFrom(ctx)
	link, word, err := l.s.Documents.MakeLink(ctx, documents.NewLink{
		OrganisationID: p.OrganisationID, FN: fn, FD: fd, Days: days, PersonID: who.ID, Person: who.Login, Way: way, To: to,
	})
	return link, l.s.receiptAddress(word), err
}

// receiptAddress is where a buyer sees a receipt.
func (s *Server) receiptAddress(word string) string {
	return strings.TrimSuffix(s.PublicURL, "/") + "/r/" + word
}

// CreateLink implements LinksService.
func (l *linksService) CreateLink(ctx context.Context, r *cabinetv1.CreateLinkRequest) (*cabinetv1.CreateLinkResponse, error) {
	link, address, err := l.make(ctx, r.GetFn(), r.GetFd(), r.GetDays(), "", "")
	if err != nil {
		return nil, err
	}
	res := &cabinetv1.CreateLinkResponse{Link: link, Url: address}
	if code, err := qr.Encode(address, qr.M); err == nil { // the address is shown all the same
		res.QrModules, res.QrSize = documents.Modules(code), uint32(code.Size)
	}
	return res, nil
}

// SendLink implements LinksService.
func (l *linksService) SendLink(ctx context.Context, r *cabinetv1.SendLinkRequest) (*cabinetv1.SendLinkResponse, error) {
	if !r.GetConsent() {
		return nil, fmt.Errorf("the buyer has to agree to get the receipt at this address: %w", documents.ErrInvalid)
	}
	way, to, err := documents.AddressOf(r.GetTo())
	if err != nil {
		return nil, err
	}
	if !l.s.sends.take(access.PersonFrom(ctx).ID, l.s.Now()) {
		return nil, access.ErrTooOften
	}
	link, address, err := l.make(ctx, r.GetFn(), r.GetFd(), r.GetDays(), way, to)
	if err != nil {
		return nil, err
	}
	words := receiptWordsOf(r.GetLanguage())
	message := post.Message{To: to, Text: words.LetterText + "\n" + address + "\n"}
	send := l.s.Post.SMS
	if way == "mail" {
		message.Subject, send = words.LetterSubject, l.s.Post.Mail
		message.Text = words.LetterHello + "\n\n" + message.Text + "\n" + words.LetterWhy + "\n"
	} else {
		message.Text = strings.TrimSpace(message.Text)
	}
	if err := send.Send(ctx, message); err != nil {
		// The link is of no use to anybody: nobody has its address.
		if _, undo := l.s.Documents.RevokeLink(context.WithoutCancel(ctx), l.organisation(ctx, r), link.GetId(), r.GetFn(), r.GetFd()); undo != nil {
			l.s.Log.WarnContext(ctx, "link of a letter that was not sent", "error", undo)
		}
		return nil, fmt.Errorf("send receipt: %w", err)
	}
	return &cabinetv1.SendLinkResponse{Link: link}, nil
}

func (l *linksService) organisation(ctx context.Context, r *cabinetv1.SendLinkRequest) string {
	p, err := l.s.document(ctx, access.MoneyView, r.GetFn(), r.GetFd())
	if err != nil {
		return ""
	}
	return p.OrganisationID
}

// ListLinks implements LinksService.
func (l *linksService) ListLinks(ctx context.Context, r *cabinetv1.ListLinksRequest) (*cabinetv1.ListLinksResponse, error) {
	p, err := l.s.document(ctx, access.MoneyView, r.GetFn(), r.GetFd())
	if err != nil {
		return nil, err
	}
	list, err := l.s.Documents.Links(ctx, p.OrganisationID, r.GetFn(), r.GetFd())
	return &cabinetv1.ListLinksResponse{Links: list}, err
}

// RevokeLink implements LinksService.
func (l *linksService) RevokeLink(ctx context.Context, r *cabinetv1.RevokeLinkRequest) (*cabinetv1.RevokeLinkResponse, error) {
	p, err := l.s.document(ctx, access.MoneyView, r.GetFn(), r.GetFd())
	if err != nil {
		return nil, err
	}
	link, err := l.s.Documents.RevokeLink(ctx, p.OrganisationID, r.GetId(), r.GetFn(), r.GetFd())
	return &cabinetv1.RevokeLinkResponse{Link: link}, err
}
