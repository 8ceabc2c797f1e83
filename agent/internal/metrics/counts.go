package metrics

import (
	"maps"
	"slices"
	"strings"
	"sync"
)

// Counts are numbers that only grow, by a name and the values of its labels.
// The zero value is ready.
type Counts struct {
	mu sync.Mutex
	n  map[string]map[string]float64
}

// separator stands between the values of labels; it is in none of them.
const separator = "\x00"

// Add counts n more.
func (c *Counts) Add(name string, n float64, values ...string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.n == nil {
		c.n = map[string]map[string]float64{}
	}
	if c.n[name] == nil {
		c.n[name] = map[string]float64{}
	}
	c.n[name][strings.Join(values, separator)] += n
}

// Put puts the counts of a name on a page; labels are the names for its values.
func (c *Counts) Put(p *Page, name, help string, labels ...string) {
	p.Declare(name, Counter, help)
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, key := range slices.Sorted(maps.Keys(c.n[name])) {
		var pairs []string
		for i, value := range strings.Split(key, separator) {
			if i < len(labels) {
				pairs = append(pairs, labels[i], value)
			}
		}
		p.Add(name, Counter, help, c.n[name][key], pairs...)
	}
}
