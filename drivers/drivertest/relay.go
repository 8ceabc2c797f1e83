package drivertest

import (
	"bytes"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/chekan-io/chekan/drivers"
	"github.com/chekan-io/chekan/protocol/fiscal"
)

// relay gives the till as a Relay, or skips.
func (b *bench) relay() drivers.Relay {
	b.t.Helper()
	r, ok := b.Till.(drivers.Relay)
	b.need("till that is a Relay", ok)
	b.need("operator", b.Acknowledge != nil)
	return r
}

// queue checks what waits for the operator against the oracle.
func (b *bench) queue(r drivers.Relay, count int) {
	b.t.Helper()
	q, err := r.OFDQueue(b.ctx())
	b.must(err)
	docs := b.Documents()
	first := uint32(0)
	if count > 0 {
		first = docs[len(docs)-count].FD
	}
	if int(q.Count) != count || q.FirstFD != first || count > 0 && !q.First.Valid() {
		b.t.Fatalf("queue %+v, want %d documents from FD %d", q, count, first)
	}
}

// take takes the message of a document.
func (b *bench) take(r drivers.Relay, fd uint32) drivers.OFDMessage {
	b.t.Helper()
	m, err := r.TakeMessage(b.ctx())
	b.must(err)
	if docs := b.Documents(); m.FD != fd || m.FN != docs[0].FN || len(m.Bytes) == 0 {
		b.t.Fatalf("took FD %d of %s, %d bytes; want FD %d of %s", m.FD, m.FN, len(m.Bytes), fd, docs[0].FN)
	}
	return m
}

func relays(t *testing.T, b *bench) {
	r := b.relay()
	b.openShift()
	waiting := len(b.Documents())
	before := b.Documents()
	b.queue(r, waiting)
	for fd := uint32(1); waiting > 0; fd++ {
		m := b.take(r, fd)
		b.must(r.GiveAnswer(b.ctx(), b.Acknowledge(m.Bytes)))
		waiting--
		b.queue(r, waiting)
	}
	if _, err := r.TakeMessage(b.ctx()); !errors.Is(err, drivers.ErrNoMessage) {
		t.Errorf("an empty queue gives %v", err)
	}
	if diff := cmp.Diff(unconfirmed(before), unconfirmed(b.Documents())); diff != "" {
		t.Errorf("delivery changed documents:\n%s", diff)
	}
	_, err := b.Till.Register(b.ctx(), plainSale(100))
	b.must(err)
	b.queue(r, 1)
}

// unconfirmed is documents without what delivery may change of them.
func unconfirmed(docs []fiscal.Document) []fiscal.Document {
	for i := range docs {
		docs[i].Ticket = false
	}
	return docs
}

func relaySellsBetween(t *testing.T, b *bench) {
	r := b.relay()
	b.openShift()
	m := b.take(r, 1)
	_, err := b.Till.Register(b.ctx(), plainSale(100)) // while the operator thinks
	b.must(err)
	b.must(r.GiveAnswer(b.ctx(), b.Acknowledge(m.Bytes)))
	b.queue(r, len(b.Documents())-1)
	b.take(r, 2)
	b.must(r.DropMessage(b.ctx()))
	b.queue(r, len(b.Documents())-1)
	if s := b.status(); s.Mode != drivers.ModeReady {
		t.Errorf("after a message without an answer: %+v", s)
	}
}

func relayOffersAgain(t *testing.T, b *bench) {
	r := b.relay()
	b.openShift()
	first := b.take(r, 1)
	b.must(r.DropMessage(b.ctx()))
	again := b.take(r, 1)
	if !bytes.Equal(first.Bytes, again.Bytes) {
		t.Error("the message offered again is another one")
	}
	b.must(r.GiveAnswer(b.ctx(), b.Acknowledge(again.Bytes)))
	// An answer that comes twice is not for the next document.
	b.take(r, 2)
	err := r.GiveAnswer(b.ctx(), b.Acknowledge(again.Bytes))
	b.fails(err, fiscal.NotDone, drivers.CodeOFDAnswer)
	b.queue(r, len(b.Documents())-1)
}

func relayRefusesDamage(t *testing.T, b *bench) {
	r := b.relay()
	b.openShift()
	m := b.take(r, 1)
	answer := b.Acknowledge(m.Bytes)
	damaged := bytes.Clone(answer)
	damaged[len(damaged)/2] ^= 0x10
	err := r.GiveAnswer(b.ctx(), damaged)
	b.fails(err, fiscal.NotDone, drivers.CodeOFDAnswer)
	b.queue(r, len(b.Documents()))
	b.must(r.DropMessage(b.ctx()))
	m = b.take(r, 1)
	b.must(r.GiveAnswer(b.ctx(), b.Acknowledge(m.Bytes)))
	b.queue(r, len(b.Documents())-1)
}

func relayUnplugged(_ *testing.T, b *bench) {
	r := b.relay()
	b.need("cable to pull", b.Unplug != nil && b.Plug != nil)
	b.openShift()
	m := b.take(r, 1)
	b.Unplug()
	err := r.GiveAnswer(b.ctx(), b.Acknowledge(m.Bytes))
	b.fails(err, fiscal.NotDone, "")
	b.Plug()
	b.eventually("the till is back", func(s drivers.Status) bool { return s.Mode == drivers.ModeReady })
	b.must(r.DropMessage(b.ctx()))
	m = b.take(r, 1)
	b.must(r.GiveAnswer(b.ctx(), b.Acknowledge(m.Bytes)))
	b.queue(r, len(b.Documents())-1)
}
