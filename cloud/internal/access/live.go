package access

// RightsChanged says that rights, memberships, grants, keys or sessions may be other than before: calls and streams that go on ask
// again whether they may. It is called after the change is in the database; what another cabinet of the same database changed is
// noticed by time.
func (a *Access) RightsChanged() {
	a.mu.Lock()
	defer a.mu.Unlock()
	close(a.changed)
	a.changed = make(chan struct{})
}

// Changing is closed at the next [Access.RightsChanged].
func (a *Access) Changing() <-chan struct{} {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.changed
}
