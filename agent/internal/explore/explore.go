// Package explore holds no code of the product: its tests break the agent at
// every effect and look into the simulator's fiscal memory for the truth.
//
// A story is one operation asked of a till by a well-behaved POS: it asks under
// one key, asks again by the key while the answer is "unknown", and submits
// again under the same key after "not done". The story runs once without a
// fault, counting effects: every write to the wire, every read from it, every
// commit of the journal, before and after. Then it runs once per effect and
// fault: the agent dies there, the till loses power, both, the bytes of the
// effect are lost, everything the till says from there on is lost.
//
// After each run the fiscal memory must hold exactly one document of the
// operation, the number every "done" gave; after a "not done" it must not have
// held it and must not get it until asked again. Time is that of
// testing/synctest, so a minute of waiting costs nothing.
//
// Control builds prove that the tests can fail: an agent whose intent is not
// synced, and a driver that sends a committing command again.
package explore
