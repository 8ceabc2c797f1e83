package api

import (
	"cmp"
	"context"
	"math"
	"strings"
	"time"

	"github.com/chekan-io/chekan/cloud/internal/access"
	"github.com/chekan-io/chekan/cloud/internal/notify"
	"github.com/chekan-io/chekan/cloud/internal/post"
	"github.com/chekan-io/chekan/cloud/internal/store/db"
	cabinetv1 "github.com/chekan-io/chekan/proto/gen/cabinet/v1"
)

// notifyService shows and changes who is told of what. Nothing here is of money: texts are made without it.
type notifyService struct{ s *Server }

// ListNotices implements NotifyService.
func (n *notifyService) ListNotices(ctx context.Context, r *cabinetv1.ListNoticesRequest) (*cabinetv1.ListNoticesResponse, error) {
	reach, err := n.s.reach(ctx, access.TillsView)
	if err != nil {
		return nil, err
	}
	list, next, err := n.s.Notify.Feed(ctx, access.PersonFrom(ctx), reach, notify.Filter{Events: r.GetEvents(), TillID: r.GetTillId(), Open: r.GetOpen(), Language: r.GetLanguage()}, r.GetCursor(), int(min(r.GetLimit(), math.MaxInt32)))
	if err != nil {
		return nil, err
	}
	res := &cabinetv1.ListNoticesResponse{Cursor: next}
	for i := range list {
		v := noticeView(&list[i])
		if scope, ok := reach.In(list[i].OrganisationID); ok && len(reach) > 1 {
			v.Organisation = scope.Organisation
		}
		res.Notices = append(res.Notices, v)
	}
	return res, nil
}

func noticeView(t *notify.Told) *cabinetv1.Notice {
	v := &cabinetv1.Notice{
		Id: t.ID, Event: string(t.Event), Kind: cabinetv1.NoticeKind(t.Kind), Code: t.Code, Urgent: t.Urgent, Title: t.Title, Text: t.Text,
		Common: string(t.Common), CommonName: t.CommonName, TillCount: uint32(t.Count), AtMs: t.At.UnixMilli(),
	}
	if !t.Ended.IsZero() {
		v.EndedMs = t.Ended.UnixMilli()
	}
	for _, m := range t.Tills {
		v.Tills = append(v.Tills, &cabinetv1.NoticeTill{Id: m.ID, Name: m.Name, Outlet: m.Outlet})
	}
	for _, d := range t.Deliveries {
		at := d.SentAt
		if at == 0 {
			at = d.DueAt
		}
		fault, said := trouble(d.Error)
		v.Deliveries = append(v.Deliveries, &cabinetv1.NoticeDelivery{
			Kind: d.Kind, Address: shown(d.Kind, d.Address, d.Name), State: notify.StateName(d.State), AtMs: at / 1000, Error: said, Fault: fault,
		})
	}
	return v
}

// trouble gives why a message did not go: its kind, and what was said. Who knows no kinds finds a word all the same.
func trouble(kept string) (fault, said string) {
	t := post.ReadTrouble(kept)
	return string(t.Fault), cmp.Or(t.Said, string(t.Fault))
}

// shown is an address for its owner: of a chat its name.
func shown(kind, address, name string) string {
	if kind == "telegram" {
		return name
	}
	return address
}

// GetNotifyOptions implements NotifyService.
func (n *notifyService) GetNotifyOptions(ctx context.Context, _ *cabinetv1.GetNotifyOptionsRequest) (*cabinetv1.GetNotifyOptionsResponse, error) {
	p := access.PersonFrom(ctx)
	res := &cabinetv1.GetNotifyOptionsResponse{Bot: n.s.Notify.Bot(ctx)}
	res.Kinds, res.Kept = n.s.Notify.Ways()
	for _, e := range notify.Events() {
		res.Events = append(res.Events, &cabinetv1.NotifyEvent{Id: string(e.Event), Urgent: e.Urgent})
	}
	nodes, err := n.nodes(ctx)
	if err != nil {
		return nil, err
	}
	res.Nodes = choices(nodes)
	if _, res.Usual, err = n.s.Notify.Rules(ctx, p); err != nil {
		return nil, err
	}
	if p.CanAll(access.NotifyManage) {
		roles, err := n.s.Notify.Roles(ctx, p.OrganisationID)
		if err != nil {
			return nil, err
		}
		res.Roles = choices(roles)
	}
	return res, nil
}

func (n *notifyService) nodes(ctx context.Context) ([]notify.Choice, error) {
	reach, err := n.s.reach(ctx, access.TillsView)
	if err != nil {
		return nil, err
	}
	return n.s.Notify.Nodes(ctx, reach)
}

func choices(list []notify.Choice) (views []*cabinetv1.NotifyChoice) {
	for _, c := range list {
		views = append(views, &cabinetv1.NotifyChoice{Id: c.ID, Name: c.Name, Depth: uint32(c.Depth)})
	}
	return views
}

// ListNotifyRules implements NotifyService.
func (n *notifyService) ListNotifyRules(ctx context.Context, _ *cabinetv1.ListNotifyRulesRequest) (*cabinetv1.ListNotifyRulesResponse, error) {
	p := access.PersonFrom(ctx)
	rules, _, err := n.s.Notify.Rules(ctx, p)
	if err != nil {
		return nil, err
	}
	nodes, err := n.nodes(ctx)
	if err != nil {
		return nil, err
	}
	res := &cabinetv1.ListNotifyRulesResponse{}
	for _, r := range rules {
		v := ruleView(r, nodes)
		res.Rules = append(res.Rules, v)
	}
	return res, n.nameRoles(ctx, p, res.GetRules()...)
}

// nameRoles puts the names of an organisation's own roles to rules.
func (n *notifyService) nameRoles(ctx context.Context, p *access.Person, rules ...*cabinetv1.NotifyRule) error {
	roles, err := n.s.Notify.Roles(ctx, p.OrganisationID)
	if err != nil {
		return err
	}
	for _, v := range rules {
		for _, role := range roles {
			if role.ID == v.GetRole() {
				v.RoleName = role.Name
			}
		}
	}
	return nil
}

func ruleView(r notify.Rule, nodes []notify.Choice) *cabinetv1.NotifyRule {
	return &cabinetv1.NotifyRule{Id: r.ID, Events: r.Events, Kinds: r.Kinds, NodeId: r.Node, Node: notify.NodeName(nodes, r.Node), Role: r.Role, Own: r.Own}
}

func (n *notifyService) putRule(ctx context.Context, p *access.Person, v *cabinetv1.NotifyRule, own bool) (*cabinetv1.NotifyRule, error) {
	rule, err := n.s.Notify.PutRule(ctx, p, notify.Rule{ID: v.GetId(), Events: v.GetEvents(), Kinds: v.GetKinds(), Node: v.GetNodeId(), Role: v.GetRole(), Own: own})
	if err != nil {
		return nil, err
	}
	nodes, err := n.nodes(ctx)
	if err != nil {
		return nil, err
	}
	view := ruleView(rule, nodes)
	return view, n.nameRoles(ctx, p, view)
}

// PutOwnNotifyRule implements NotifyService.
func (n *notifyService) PutOwnNotifyRule(ctx context.Context, r *cabinetv1.PutOwnNotifyRuleRequest) (*cabinetv1.PutOwnNotifyRuleResponse, error) {
	rule, err := n.putRule(ctx, access.PersonFrom(ctx), r.GetRule(), true)
	if err != nil {
		return nil, err
	}
	return &cabinetv1.PutOwnNotifyRuleResponse{Rule: rule}, nil
}

// DeleteOwnNotifyRule implements NotifyService.
func (n *notifyService) DeleteOwnNotifyRule(ctx context.Context, r *cabinetv1.DeleteOwnNotifyRuleRequest) (*cabinetv1.DeleteOwnNotifyRuleResponse, error) {
	return &cabinetv1.DeleteOwnNotifyRuleResponse{}, n.s.Notify.DeleteRule(ctx, access.PersonFrom(ctx), r.GetId(), true)
}

// PutNotifyRule implements NotifyService.
func (n *notifyService) PutNotifyRule(ctx context.Context, r *cabinetv1.PutNotifyRuleRequest) (*cabinetv1.PutNotifyRuleResponse, error) {
	p, err := n.s.whole(ctx, access.NotifyManage)
	if err != nil {
		return nil, err
	}
	rule, err := n.putRule(ctx, p, r.GetRule(), false)
	if err != nil {
		return nil, err
	}
	return &cabinetv1.PutNotifyRuleResponse{Rule: rule}, nil
}

// DeleteNotifyRule implements NotifyService.
func (n *notifyService) DeleteNotifyRule(ctx context.Context, r *cabinetv1.DeleteNotifyRuleRequest) (*cabinetv1.DeleteNotifyRuleResponse, error) {
	p, err := n.s.whole(ctx, access.NotifyManage)
	if err != nil {
		return nil, err
	}
	return &cabinetv1.DeleteNotifyRuleResponse{}, n.s.Notify.DeleteRule(ctx, p, r.GetId(), false)
}

func settingsView(s notify.Settings) *cabinetv1.NotifySettings {
	return &cabinetv1.NotifySettings{
		Language: s.Language, Zone: s.Zone, QuietFrom: uint32(s.QuietFrom), QuietTo: uint32(s.QuietTo), UrgentPasses: s.UrgentPasses,
		Digest: cabinetv1.NotifyDigest(s.Digest), DigestAt: uint32(s.DigestAt),
	}
}

// GetNotifySettings implements NotifyService.
func (n *notifyService) GetNotifySettings(ctx context.Context, _ *cabinetv1.GetNotifySettingsRequest) (*cabinetv1.GetNotifySettingsResponse, error) {
	s, err := n.s.Notify.Settings(ctx, access.PersonFrom(ctx))
	if err != nil {
		return nil, err
	}
	return &cabinetv1.GetNotifySettingsResponse{Settings: settingsView(s)}, nil
}

// SetNotifySettings implements NotifyService.
func (n *notifyService) SetNotifySettings(ctx context.Context, r *cabinetv1.SetNotifySettingsRequest) (*cabinetv1.SetNotifySettingsResponse, error) {
	v := r.GetSettings()
	minutes := func(m uint32) int { return int(min(m, math.MaxInt32)) }
	s, err := n.s.Notify.SetSettings(ctx, access.PersonFrom(ctx), notify.Settings{
		Language: v.GetLanguage(), Zone: v.GetZone(), QuietFrom: minutes(v.GetQuietFrom()), QuietTo: minutes(v.GetQuietTo()), UrgentPasses: v.GetUrgentPasses(),
		Digest: notify.Digest(v.GetDigest()), DigestAt: minutes(v.GetDigestAt()),
	})
	if err != nil {
		return nil, err
	}
	return &cabinetv1.SetNotifySettingsResponse{Settings: settingsView(s)}, nil
}

func channelView(c db.NotifyChannel) *cabinetv1.NotifyChannel {
	fault, said := trouble(c.Error)
	return &cabinetv1.NotifyChannel{
		Id: c.ID, Kind: c.Kind, Address: shown(c.Kind, c.Address, c.Name), Confirmed: c.ConfirmedAt != 0, SentMs: c.SentAt / 1000, FailedMs: c.FailedAt / 1000,
		Error: said, Fault: fault,
	}
}

// ListNotifyChannels implements NotifyService.
func (n *notifyService) ListNotifyChannels(ctx context.Context, _ *cabinetv1.ListNotifyChannelsRequest) (*cabinetv1.ListNotifyChannelsResponse, error) {
	list, err := n.s.Notify.Channels(ctx, access.PersonFrom(ctx))
	if err != nil {
		return nil, err
	}
	res := &cabinetv1.ListNotifyChannelsResponse{}
	for _, c := range list {
		res.Channels = append(res.Channels, channelView(c))
	}
	return res, nil
}

// AddNotifyChannel implements NotifyService.
func (n *notifyService) AddNotifyChannel(ctx context.Context, r *cabinetv1.AddNotifyChannelRequest) (*cabinetv1.AddNotifyChannelResponse, error) {
	a, err := n.s.Notify.AddChannel(ctx, access.PersonFrom(ctx), r.GetKind(), r.GetAddress())
	if err != nil {
		return nil, err
	}
	return &cabinetv1.AddNotifyChannelResponse{Channel: channelView(a.Channel), Code: a.Code, Link: a.Link}, nil
}

// ConfirmNotifyChannel implements NotifyService.
func (n *notifyService) ConfirmNotifyChannel(ctx context.Context, r *cabinetv1.ConfirmNotifyChannelRequest) (*cabinetv1.ConfirmNotifyChannelResponse, error) {
	c, err := n.s.Notify.ConfirmChannel(ctx, access.PersonFrom(ctx), r.GetId(), r.GetCode())
	if err != nil {
		return nil, err
	}
	return &cabinetv1.ConfirmNotifyChannelResponse{Channel: channelView(c)}, nil
}

// DeleteNotifyChannel implements NotifyService.
func (n *notifyService) DeleteNotifyChannel(ctx context.Context, r *cabinetv1.DeleteNotifyChannelRequest) (*cabinetv1.DeleteNotifyChannelResponse, error) {
	return &cabinetv1.DeleteNotifyChannelResponse{}, n.s.Notify.DeleteChannel(ctx, access.PersonFrom(ctx), r.GetId())
}

// TestNotifyChannel implements NotifyService.
func (n *notifyService) TestNotifyChannel(ctx context.Context, r *cabinetv1.TestNotifyChannelRequest) (*cabinetv1.TestNotifyChannelResponse, error) {
	refusal, err := n.s.Notify.TestChannel(ctx, access.PersonFrom(ctx), r.GetId())
	if err != nil {
		return nil, err
	}
	fault, said := trouble(refusal)
	return &cabinetv1.TestNotifyChannelResponse{Error: said, Fault: fault}, nil
}

func webhookView(c db.NotifyChannel, nodes []notify.Choice) *cabinetv1.Webhook {
	fault, said := trouble(c.Error)
	return &cabinetv1.Webhook{
		Id: c.ID, Name: c.Name, Url: c.Address, Events: strings.Fields(c.Events), NodeId: c.NodeID, Node: notify.NodeName(nodes, c.NodeID), Off: c.Off,
		SentMs: c.SentAt / 1000, FailedMs: c.FailedAt / 1000, Error: said, Fault: fault,
	}
}

// ListWebhooks implements NotifyService.
func (n *notifyService) ListWebhooks(ctx context.Context, _ *cabinetv1.ListWebhooksRequest) (*cabinetv1.ListWebhooksResponse, error) {
	p, err := n.s.whole(ctx, access.NotifyManage)
	if err != nil {
		return nil, err
	}
	list, err := n.s.Notify.Webhooks(ctx, p)
	if err != nil {
		return nil, err
	}
	nodes, err := n.nodes(ctx)
	if err != nil {
		return nil, err
	}
	res := &cabinetv1.ListWebhooksResponse{}
	for _, c := range list {
		res.Webhooks = append(res.Webhooks, webhookView(c, nodes))
	}
	return res, nil
}

// PutWebhook implements NotifyService.
func (n *notifyService) PutWebhook(ctx context.Context, r *cabinetv1.PutWebhookRequest) (*cabinetv1.PutWebhookResponse, error) {
	p, err := n.s.whole(ctx, access.NotifyManage)
	if err != nil {
		return nil, err
	}
	w := r.GetWebhook()
	row, secret, err := n.s.Notify.PutWebhook(ctx, p, notify.Webhook{
		ID: w.GetId(), Name: w.GetName(), URL: w.GetUrl(), Events: w.GetEvents(), Node: w.GetNodeId(), Off: w.GetOff(),
	}, r.GetNewSecret())
	if err != nil {
		return nil, err
	}
	nodes, err := n.nodes(ctx)
	if err != nil {
		return nil, err
	}
	return &cabinetv1.PutWebhookResponse{Webhook: webhookView(row, nodes), Secret: secret}, nil
}

// DeleteWebhook implements NotifyService.
func (n *notifyService) DeleteWebhook(ctx context.Context, r *cabinetv1.DeleteWebhookRequest) (*cabinetv1.DeleteWebhookResponse, error) {
	p, err := n.s.whole(ctx, access.NotifyManage)
	if err != nil {
		return nil, err
	}
	return &cabinetv1.DeleteWebhookResponse{}, n.s.Notify.DeleteWebhook(ctx, p, r.GetId())
}

func deliveryView(d notify.Delivery) *cabinetv1.Delivery {
	v := &cabinetv1.Delivery{Id: d.Row.ID, Event: d.Row.Event, State: notify.StateName(d.Row.State), CreatedMs: d.Row.CreatedAt / 1000, Body: d.Row.Body}
	// A time that never comes is none.
	if v.GetState() == "waiting" && d.Row.DueAt < math.MaxInt64 {
		v.NextMs = d.Row.DueAt / 1000
	}
	for _, a := range d.Attempts {
		fault, said := trouble(a.Error)
		v.Attempts = append(v.Attempts, &cabinetv1.DeliveryAttempt{
			AtMs: a.CreatedAt / 1000, Status: uint32(a.Status), TookMs: uint32(min(a.TookMs, time.Hour.Milliseconds())), Error: said, Fault: fault, Answer: a.Answer,
		})
	}
	return v
}

// TestWebhook implements NotifyService.
func (n *notifyService) TestWebhook(ctx context.Context, r *cabinetv1.TestWebhookRequest) (*cabinetv1.TestWebhookResponse, error) {
	p, err := n.s.whole(ctx, access.NotifyManage)
	if err != nil {
		return nil, err
	}
	d, err := n.s.Notify.TestWebhook(ctx, p, r.GetId())
	if err != nil {
		return nil, err
	}
	return &cabinetv1.TestWebhookResponse{Delivery: deliveryView(d)}, nil
}

// ListDeliveries implements NotifyService.
func (n *notifyService) ListDeliveries(ctx context.Context, r *cabinetv1.ListDeliveriesRequest) (*cabinetv1.ListDeliveriesResponse, error) {
	p, err := n.s.whole(ctx, access.NotifyManage)
	if err != nil {
		return nil, err
	}
	list, next, err := n.s.Notify.Deliveries(ctx, p, r.GetWebhookId(), r.GetFailed(), r.GetCursor())
	if err != nil {
		return nil, err
	}
	res := &cabinetv1.ListDeliveriesResponse{Cursor: next}
	for _, d := range list {
		res.Deliveries = append(res.Deliveries, deliveryView(d))
	}
	return res, nil
}

// ResendDelivery implements NotifyService.
func (n *notifyService) ResendDelivery(ctx context.Context, r *cabinetv1.ResendDeliveryRequest) (*cabinetv1.ResendDeliveryResponse, error) {
	p, err := n.s.whole(ctx, access.NotifyManage)
	if err != nil {
		return nil, err
	}
	d, err := n.s.Notify.ResendDelivery(ctx, p, r.GetId())
	if err != nil {
		return nil, err
	}
	return &cabinetv1.ResendDeliveryResponse{Delivery: deliveryView(d)}, nil
}
