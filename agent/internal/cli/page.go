package cli

import (
	"encoding/json"
	"fmt"
	"net/http"

	"github.com/chekan-io/chekan/agent/internal/config"
)

type pageCommand struct {
	Open bool `help:"Открыть страницу в браузере; кому не дано право на токен — без сумм и клавиш."`
}

// Run implements the command. Whoever may read the token may open a session of
// the cashier's page; looking at the page needs neither.
func (c *pageCommand) Run(e *env) error {
	url, link, err := e.pageLink()
	switch {
	case c.Open && err != nil:
		e.complain("%v", err)
		return e.open(e.pageToLookAt())
	case err != nil:
		return err
	case c.Open:
		return e.open(url + link.Path)
	case e.json:
		return e.printAnyJSON(map[string]any{"url": url + link.Path, "expires_ms": link.ExpiresMs})
	}
	e.say("%s%s", url, link.Path)
	e.complain("Откройте ссылку в браузере этого компьютера: она действует две минуты и один раз.\nСмотреть без сумм и клавиш можно всегда: %s/", url)
	return nil
}

type pageLink struct {
	Path      string `json:"path"`
	ExpiresMs int64  `json:"expires_ms"`
	Text      string `json:"text"`
}

// pageLink asks the agent for a link that works once.
func (e *env) pageLink() (url string, link pageLink, err error) {
	door, err := e.connect()
	if err != nil {
		return "", link, err
	}
	ctx, cancel := e.timeout(answerTimeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, door.url+"/page/link", http.NoBody)
	if err != nil {
		return "", link, fmt.Errorf("ask for a link: %w", err)
	}
	res, err := door.client.Do(req)
	if err != nil {
		return "", link, door.asError(err)
	}
	defer res.Body.Close()
	if err := json.NewDecoder(res.Body).Decode(&link); err != nil || link.Path == "" {
		return "", link, fmt.Errorf("агент не дал ссылку: %s %s", res.Status, link.Text)
	}
	return door.url, link, nil
}

// pageToLookAt is where the page is for those who may read neither the token
// nor, it may be, the configuration.
func (e *env) pageToLookAt() string {
	listen := config.DefaultListen
	if cfg, err := config.Load(e.configPath); err == nil {
		listen = cfg.Listen
	}
	return "http://" + listen + "/"
}

func (e *env) open(url string) error {
	if err := openBrowser(e.ctx, url); err != nil {
		return fmt.Errorf("браузер не открылся (%w). Адрес страницы: %s", err, url)
	}
	return nil
}
