package api

import (
	"context"
	"strings"
	"time"

	"github.com/chekan-io/chekan/cloud/internal/access"
	"github.com/chekan-io/chekan/cloud/internal/fleet"
	"github.com/chekan-io/chekan/cloud/internal/reports"
	cabinetv1 "github.com/chekan-io/chekan/proto/gen/cabinet/v1"
)

var tillsLayout = reports.Layout{Sheet: "Кассы", Rows: "касс", Columns: []reports.Column{
	{Name: "Касса", Width: 18},
	{Name: "Состояние", Width: 12},
	{Name: "Что случилось", Width: 50},
	{Name: "Что сделать", Width: 50},
	{Name: "Торговая точка", Width: 26},
	{Name: "Модель", Width: 18},
	{Name: "ЗН ККТ", Width: 18},
	{Name: "РНМ", Width: 20},
	{Name: "ФН", Width: 19},
	{Name: "ФН до", Width: 12},
	{Name: "Смена", Width: 8},
	{Name: "Смена открыта", Width: 14},
	{Name: "Последний ФД", Width: 13},
	{Name: "Время ФД", Width: 17},
	{Name: "Не передано в ОФД", Width: 17},
	{Name: "Не передано с", Width: 17},
	{Name: "Остановится", Width: 17},
	{Name: "Агент", Width: 12},
	{Name: "Агент на связи", Width: 14},
	{Name: "Сведения от", Width: 17},
}}

var lightWords = map[cabinetv1.Light]string{
	cabinetv1.Light_LIGHT_GREEN: "Работает", cabinetv1.Light_LIGHT_YELLOW: "Внимание", cabinetv1.Light_LIGHT_RED: "Остановлена", cabinetv1.Light_LIGHT_GREY: "Нет данных",
}

// ExportTills implements FleetService.
func (f *fleetService) ExportTills(ctx context.Context, r *cabinetv1.ExportTillsRequest) (*cabinetv1.ExportTillsResponse, error) {
	list, who, err := f.tills(ctx)
	if err != nil {
		return nil, err
	}
	byID := make(map[string]*fleet.Till, len(list))
	for _, t := range list {
		byID[t.ID] = t
	}
	tills := make([]*fleet.Till, 0, len(r.GetTillIds()))
	for _, id := range r.GetTillIds() {
		if t := byID[id]; t != nil {
			tills = append(tills, t)
			delete(byID, id) // asked for twice, it stands there once
		}
	}
	out, err := export(r.GetFormat(), tillsLayout, pagesOf(tills), func(t *fleet.Till) []reports.Cell { return tillRow(who.till(t)) })
	if err != nil {
		return nil, err
	}
	name := "tills-" + f.s.Now().UTC().Format(time.DateOnly) + out.ending
	return &cabinetv1.ExportTillsResponse{File: out.file, Name: name, Rows: out.rows, Cut: out.cut}, nil
}

// tillRow is a till as a row of [tillsLayout]; there is no money in it, so that one table is for every reader.
func tillRow(t *cabinetv1.Till) []reports.Cell {
	var what, todo []string
	for _, c := range t.GetCells() {
		if c.GetText() != "" {
			what, todo = append(what, c.GetText()), append(todo, c.GetTodo())
		}
	}
	s := t.GetState()
	open := "закрыта"
	if s.GetShiftOpen() {
		open = "открыта"
	}
	online := "нет"
	if t.GetAgentOnline() {
		online = "да"
	}
	stop := ""
	if ms := t.GetStop().GetAtMs(); ms > 0 {
		stop = utc(ms)
	}
	return []reports.Cell{
		reports.Text(t.GetName()), reports.Text(lightWords[t.GetLight()]), reports.Text(strings.Join(what, " ")), reports.Text(strings.Join(todo, " ")),
		reports.Text(t.GetOutlet()), reports.Text(s.GetModel()), reports.Text(s.GetSerial()), reports.Text(s.GetRnm()), reports.Text(s.GetFn()),
		reports.Text(s.GetFnExpiry()), reports.Number(int64(s.GetShift())), reports.Text(open), reports.Number(int64(s.GetLastFd())), reports.Text(strings.Replace(s.GetLastAt(), "T", " ", 1)),
		reports.Number(int64(s.GetUnsent())), reports.Text(strings.Replace(s.GetUnsentFrom(), "T", " ", 1)), reports.Text(stop), reports.Text(t.GetAgentVersion()), reports.Text(online),
		reports.Text(utc(t.GetReportedMs())),
	}
}

// utc is a moment as tables have it.
func utc(ms int64) string { return time.UnixMilli(ms).UTC().Format("2006-01-02 15:04Z") }

func viewOf(v fleet.View) *cabinetv1.TillView {
	return &cabinetv1.TillView{Id: v.ID, Name: v.Name, Query: v.Query}
}

// ListTillViews implements FleetService.
func (f *fleetService) ListTillViews(ctx context.Context, _ *cabinetv1.ListTillViewsRequest) (*cabinetv1.ListTillViewsResponse, error) {
	list, err := f.s.Fleet.Views(ctx, access.PersonFrom(ctx))
	if err != nil {
		return nil, err
	}
	res := &cabinetv1.ListTillViewsResponse{}
	for _, v := range list {
		res.Views = append(res.Views, viewOf(v))
	}
	return res, nil
}

// SaveTillView implements FleetService.
func (f *fleetService) SaveTillView(ctx context.Context, r *cabinetv1.SaveTillViewRequest) (*cabinetv1.SaveTillViewResponse, error) {
	v, err := f.s.Fleet.SaveView(ctx, access.PersonFrom(ctx), r.GetName(), r.GetQuery())
	if err != nil {
		return nil, err
	}
	return &cabinetv1.SaveTillViewResponse{View: viewOf(v)}, nil
}

// DeleteTillView implements FleetService.
func (f *fleetService) DeleteTillView(ctx context.Context, r *cabinetv1.DeleteTillViewRequest) (*cabinetv1.DeleteTillViewResponse, error) {
	if err := f.s.Fleet.DeleteView(ctx, access.PersonFrom(ctx), r.GetId()); err != nil {
		return nil, err
	}
	return &cabinetv1.DeleteTillViewResponse{}, nil
}
