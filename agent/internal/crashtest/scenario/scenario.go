// Package scenario holds no code of the product: its test breaks the tills of
// docs/integration/README.md under two clients of the agent's door.
//
// One is the published sample (docs/integration/client), built and run as the
// program it is. It has to end every scenario with exactly one document. The
// other is a naive one: it asks again under a new key after whatever is not
// "done". The agent has to keep it from ever selling twice.
//
// Tills are simulated, the agent and its door are real, and so is time: the
// clients are programs of their own and know no other.
package scenario
