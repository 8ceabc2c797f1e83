package shtrih

// Count returns operation register n as it is (Shtrih protocol 1.17, §7):
// the truth about what leaves no fiscal document, cash movements above all.
func (d *Device) Count(n uint16) uint32 {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.nv.Count[n]
}

// Up tells whether the till would take a command now: it has power, has
// started and does not hang.
func (d *Device) Up() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.tick()
	return d.up()
}
