// Package identity holds no code of the product: its tests take the whole
// agent, the whole cabinet and simulated tills, and try what may befall an
// identity. An agent is revoked while it works; its folder is copied and both
// copies run; another user of the computer tries the files, the journal and
// the door. Each test says in the end what the cabinet and the people see.
//
// What holds where, and by which test, is in docs/identity.md. The decisions
// themselves are tested in their own packages: what is one program and what is
// two in cloud/internal/fleet, renewal in agent/internal/uplink, codes in
// cloud/internal/access.
package identity
