package powercut

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
)

// Words of the NBD protocol (github.com/NetworkBlockDevice/nbd, doc/proto.md),
// as far as one client and one export need them.
const (
	nbdMagic       = 0x4e42444d41474943 // NBDMAGIC
	nbdOptMagic    = 0x49484156454f5054 // IHAVEOPT
	nbdOptReply    = 0x0003e889045565a9
	nbdRequest     = 0x25609513
	nbdReply       = 0x67446698
	nbdFixed       = 1 << 0 // handshake: fixed newstyle
	nbdNoZeroes    = 1 << 1 // handshake: no padding
	nbdOptAbort    = 2
	nbdOptGo       = 7
	nbdRepAck      = 1
	nbdRepInfo     = 3
	nbdRepUnsup    = 1<<31 + 1
	nbdInfoExport  = 0
	nbdHasFlags    = 1 << 0
	nbdSendFlush   = 1 << 2
	nbdCmdRead     = 0
	nbdCmdWrite    = 1
	nbdCmdDisc     = 2
	nbdCmdFlush    = 3
	nbdErrIO       = 5
	nbdMaxTransfer = 32 << 20
)

// errNoPower ends a connection at a cut: what was asked last is not answered.
var errNoPower = errors.New("no power")

// serveNBD gives the drive to one client after the other until l is closed.
func serveNBD(l net.Listener, d *drive) {
	for {
		conn, err := l.Accept()
		if err != nil {
			return
		}
		_ = serveClient(conn, d)
		_ = conn.Close()
	}
}

func serveClient(conn net.Conn, d *drive) error {
	if err := shakeHands(conn, d.size()); err != nil {
		return err
	}
	head := make([]byte, 28)
	for {
		if _, err := io.ReadFull(conn, head); err != nil {
			return err
		}
		if binary.BigEndian.Uint32(head) != nbdRequest {
			return errors.New("not a request")
		}
		command, handle := binary.BigEndian.Uint16(head[6:]), head[8:16]
		off, size := int64(binary.BigEndian.Uint64(head[16:])), int64(binary.BigEndian.Uint32(head[24:]))
		if size > nbdMaxTransfer {
			return fmt.Errorf("%d bytes at once", size)
		}
		answer := make([]byte, 16, 16+size)
		binary.BigEndian.PutUint32(answer, nbdReply)
		copy(answer[8:], handle)
		inside := off >= 0 && off+size <= d.size()
		switch command {
		case nbdCmdRead:
			if inside {
				answer = answer[:16+size]
				d.readAt(answer[16:], off)
			}
		case nbdCmdWrite:
			data := make([]byte, size)
			if _, err := io.ReadFull(conn, data); err != nil {
				return err
			}
			if inside {
				d.writeAt(data, off)
			}
		case nbdCmdFlush:
			d.flush()
		case nbdCmdDisc:
			return nil
		default:
			inside = false
		}
		if !inside {
			binary.BigEndian.PutUint32(answer[4:], nbdErrIO)
		}
		if d.isOff() {
			return errNoPower
		}
		if _, err := conn.Write(answer); err != nil {
			return err
		}
	}
}

// shakeHands agrees on the one export there is.
func shakeHands(conn net.Conn, size int64) error {
	hello := binary.BigEndian.AppendUint64(nil, nbdMagic)
	hello = binary.BigEndian.AppendUint64(hello, nbdOptMagic)
	hello = binary.BigEndian.AppendUint16(hello, nbdFixed|nbdNoZeroes)
	if _, err := conn.Write(hello); err != nil {
		return err
	}
	if _, err := io.ReadFull(conn, make([]byte, 4)); err != nil {
		return err
	}
	head := make([]byte, 16)
	for {
		if _, err := io.ReadFull(conn, head); err != nil {
			return err
		}
		option, length := binary.BigEndian.Uint32(head[8:]), binary.BigEndian.Uint32(head[12:])
		if length > 4096 {
			return fmt.Errorf("an option of %d bytes", length)
		}
		if _, err := io.ReadFull(conn, make([]byte, length)); err != nil {
			return err
		}
		reply := func(kind uint32, body []byte) error {
			b := binary.BigEndian.AppendUint64(nil, nbdOptReply)
			b = binary.BigEndian.AppendUint32(b, option)
			b = binary.BigEndian.AppendUint32(b, kind)
			b = binary.BigEndian.AppendUint32(b, uint32(len(body)))
			_, err := conn.Write(append(b, body...))
			return err
		}
		switch option {
		case nbdOptGo:
			info := binary.BigEndian.AppendUint16(nil, nbdInfoExport)
			info = binary.BigEndian.AppendUint64(info, uint64(size))
			info = binary.BigEndian.AppendUint16(info, nbdHasFlags|nbdSendFlush)
			return errors.Join(reply(nbdRepInfo, info), reply(nbdRepAck, nil))
		case nbdOptAbort:
			return errors.Join(reply(nbdRepAck, nil), io.EOF)
		default:
			if err := reply(nbdRepUnsup, nil); err != nil {
				return err
			}
		}
	}
}
