// Package life holds no code of the product: its test leads a fiscal memory
// from the factory to the archive, with every kind of till there is, the real
// agent and a simulated operator.
//
// The till is registered, sells, returns, corrects, reports, changes its
// registration, is kept from its operator for a month until the memory
// refuses, delivers, works again and is closed. In the end the ledger of the
// operator must say the same as the fiscal memory, document by document, byte
// by byte, and the archive must still tell the whole story.
package life
