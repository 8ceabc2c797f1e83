// Package update replaces the agent by later versions of itself without ever
// touching a sale in progress, and without ever leaving a till with nothing
// that works.
package update
