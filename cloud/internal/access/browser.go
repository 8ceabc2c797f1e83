package access

import "strings"

// marks tell browsers and systems by what they say of themselves. Nearly all say they are Safari and Mozilla too, so the order counts.
var marks = struct{ browsers, systems [][2]string }{
	browsers: [][2]string{
		{"YaBrowser/", "Яндекс Браузер"},
		{"Edg/", "Edge"},
		{"EdgA/", "Edge"},
		{"OPR/", "Opera"},
		{"SamsungBrowser/", "Samsung Internet"},
		{"Vivaldi/", "Vivaldi"},
		{"Firefox/", "Firefox"},
		{"FxiOS/", "Firefox"},
		{"CriOS/", "Chrome"},
		{"HeadlessChrome/", "Chrome"},
		{"Chrome/", "Chrome"},
		{"Safari/", "Safari"},
		{"connect-go/", "connect-go"},
		{"curl/", "curl"},
	},
	systems: [][2]string{
		{"iPhone", "iPhone"},
		{"iPad", "iPad"},
		{"Android", "Android"},
		{"Windows", "Windows"},
		{"Mac OS X", "macOS"},
		{"CrOS", "ChromeOS"},
		{"Linux", "Linux"},
	},
}

// NameOfBrowser makes "Firefox, Windows" of what a browser calls itself; an unknown one keeps the beginning of its own words.
func NameOfBrowser(agent string) string {
	find := func(list [][2]string) string {
		for _, mark := range list {
			if strings.Contains(agent, mark[0]) {
				return mark[1]
			}
		}
		return ""
	}
	browser, system := find(marks.browsers), find(marks.systems)
	switch {
	case browser != "" && system != "":
		return browser + ", " + system
	case browser+system != "":
		return browser + system
	}
	return truncate(strings.Map(func(r rune) rune {
		if r < ' ' {
			return -1
		}
		return r
	}, agent), 40)
}
