package cli

import (
	"encoding/json"
	"fmt"
	"net/http"
)

type pageCommand struct{}

// Run implements the command. Whoever may read the token may open a session of
// the cashier's page; looking at the page needs neither.
func (*pageCommand) Run(e *env) error {
	door, err := e.connect()
	if err != nil {
		return err
	}
	ctx, cancel := e.timeout(answerTimeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, door.url+"/page/link", http.NoBody)
	if err != nil {
		return fmt.Errorf("ask for a link: %w", err)
	}
	res, err := door.client.Do(req)
	if err != nil {
		return door.asError(err)
	}
	defer res.Body.Close()
	var link struct {
		Path      string `json:"path"`
		ExpiresMs int64  `json:"expires_ms"`
		Text      string `json:"text"`
	}
	if err := json.NewDecoder(res.Body).Decode(&link); err != nil || link.Path == "" {
		return fmt.Errorf("агент не дал ссылку: %s %s", res.Status, link.Text)
	}
	if e.json {
		return e.printAnyJSON(map[string]any{"url": door.url + link.Path, "expires_ms": link.ExpiresMs})
	}
	e.say("%s%s", door.url, link.Path)
	e.complain("Откройте ссылку в браузере этого компьютера: она действует две минуты и один раз.\nСмотреть без сумм и клавиш можно всегда: %s/", door.url)
	return nil
}
