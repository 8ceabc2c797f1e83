package bundle

import (
	"bytes"
	"context"
	"errors"
	"time"

	"github.com/chekan-io/chekan/agent/internal/blackbox"
	"github.com/chekan-io/chekan/drivers"
	"github.com/chekan-io/chekan/protocol/shtrih"
)

// A driver remembers what it has learnt of a till since the port was opened,
// and asks no more. Before a recording that begins in the middle it is told
// the same: a warmer answers like a till without faults, out of the recording.
type warmer struct {
	link    shtrih.Link
	facts   map[string][]byte // blanked request -> the answer it got
	model   shtrih.Model
	last    uint16 // number of the last packet
	packets uint16
	reader  shtrih.PacketReader
}

// learnFacts finds the good exchanges of a recording, the later ones last.
func learnFacts(records []blackbox.Record) map[string][]byte {
	facts := map[string][]byte{}
	var link shtrih.Link
	var out, in shtrih.FrameReader
	var sent, heard shtrih.PacketReader
	var request []byte
	both := func(dir blackbox.Dir, msg []byte) {
		if dir == blackbox.Out {
			request = msg
		} else if request != nil {
			facts[string(request)] = msg
			request = nil
		}
	}
	for _, r := range records {
		if r.Dir == blackbox.Note {
			continue
		}
		frame, packet := &in, &heard
		if r.Dir == blackbox.Out {
			frame, packet = &out, &sent
			if len(r.Bytes) > 0 && shtrih.DetectLink(r.Bytes[0]) != shtrih.LinkUnknown {
				link = shtrih.DetectLink(r.Bytes[0])
			}
			in.Reset()
		}
		for _, b := range r.Bytes {
			switch {
			case link == shtrih.LinkAlternative:
				if packet.Feed(b) == shtrih.PacketDone && len(packet.Packet().Data) > 0 {
					both(r.Dir, packet.Packet().Data)
				}
			case frame.Feed(b) == shtrih.FrameDone:
				both(r.Dir, frame.Message())
			}
		}
	}
	return facts
}

// answer is what a till says to what is written.
func (w *warmer) answer(b []byte) []byte {
	b = blankWrite(b)
	if w.link == shtrih.LinkAlternative {
		var out []byte
		for _, c := range b {
			if w.reader.Feed(c) != shtrih.PacketDone {
				continue
			}
			p := w.reader.Packet()
			if p.Sync {
				out = append(out, shtrih.EncodePacket(w.last, []byte{byte(shtrih.CodeDeviceType), byte(shtrih.CodeDeviceType)})...)
				continue
			}
			w.packets++
			w.last = p.Number
			out = append(out, shtrih.EncodePacket(p.Number, w.to(p.Data))...)
		}
		return out
	}
	switch {
	case bytes.Equal(b, []byte{shtrih.ENQ}):
		return []byte{shtrih.NAK}
	case b[0] == shtrih.STX:
		if msg, _, err := shtrih.DecodeFrame(b); err == nil {
			return append([]byte{shtrih.ACK}, shtrih.EncodeFrame(w.to(msg))...)
		}
	}
	return nil
}

// notSupported is how a till refuses what it does not know.
const notSupported shtrih.ErrorCode = 0x37

func (w *warmer) to(request []byte) []byte {
	if answer := w.facts[string(request)]; answer != nil {
		return answer
	}
	code := shtrih.Code(request[0])
	if request[0] >= 0xFE && len(request) > 1 {
		code = code<<8 | shtrih.Code(request[1])
	}
	if code == shtrih.CodeDeviceType {
		if msg, err := shtrih.EncodeAnswer(shtrih.DeviceTypeAnswer{Protocol: 1, ProtocolMinor: 14, Model: w.model}); err == nil {
			return msg
		}
	}
	return shtrih.EncodeError(code, notSupported)
}

// modelNamed finds a model by the name the begin of an operation tells.
func modelNamed(name string) shtrih.Model {
	for m := range 256 {
		if name != "" && shtrih.Model(m).Name() == name {
			return shtrih.Model(m)
		}
	}
	return 0
}

const warmLimit = 30 * time.Second

// warmUp lets a device learn what the driver of the recording knew.
func warmUp(ctx context.Context, device drivers.Till) error {
	ctx, cancel := context.WithTimeout(ctx, warmLimit)
	defer cancel()
	_, err := device.Identity(ctx)
	if err == nil {
		_, err = device.Status(ctx)
	}
	var e *drivers.Error
	if errors.As(err, &e) && e.Vendor != 0 {
		return nil // it is not known what the till answered to this
	}
	return err
}
