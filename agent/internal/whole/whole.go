// Package whole holds no code of the product: its tests take whole agents, a
// whole cabinet and simulated tills, and tell stories that no single package can.
//
// Identity: an agent is revoked while it works; its folder is copied and both
// copies run; another user of the computer tries the files, the journal and the
// door. What holds where, and by which test, is in docs/identity.md.
//
// Updates: a release is signed, taken by the cabinet and rolled out; the agent
// fetches it, waits for its moment, becomes it and stays; the next one cannot
// start, and the agent is back at what worked, and the rollout over. How it goes
// is in docs/updates.md.
//
// The decisions themselves are tested in their own packages: what is one program
// and what is two in cloud/internal/fleet, renewal in agent/internal/uplink,
// codes in cloud/internal/access, who gets a version in cloud/internal/updates,
// which version runs in agent/internal/update.
package whole
