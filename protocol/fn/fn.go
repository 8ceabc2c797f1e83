// Package fn is the protocol of the fiscal accumulator (ФН): the chip in a
// Russian till that numbers, signs and keeps fiscal documents. It turns bytes
// into values and back; it does no I/O, has no clock and decides nothing.
//
// # Layers
//
// A frame ([EncodeFrame], [Split], [Reader]) carries one message with its
// length and CRC. A request message ([EncodeRequest], [DecodeRequest]) is a
// command byte and its data; an answer message ([EncodeAnswer],
// [DecodeAnswer]) is an answer code and data, and does not repeat the command:
// whoever decodes one must know what was asked. Bit 7 of the answer code says
// that some [Warnings] bit is set and is no part of the code.
//
// Every command has a request struct, and an answer struct when its answer
// has data; a driver and a simulated accumulator use the same ones.
// [DocumentAnswer] serves the commands that answer a number and a sign.
//
// # What was verified
//
// Frames, CRC and the commands of the base set follow the public interface
// description (FN interface 1.2, FNS, 2016). Commands that came with FFD 1.1
// and 1.2 are known at second hand only: their comments begin with "Second
// hand", and a caller must be ready to be answered [ErrCommand].
//
// # What this package does not do
//
// It does not look into tags (package ffd) nor into messages of the operator
// of fiscal data (package ofd): both travel here as bytes.
package fn

import (
	"fmt"
	"slices"
)

// Command is the first byte of a request.
type Command byte

// Commands of the base set (FN interface 1.2, §3–§6).
const (
	CmdBeginRegistration  Command = 0x02
	CmdRegister           Command = 0x03
	CmdBeginCloseArchive  Command = 0x04
	CmdCloseArchive       Command = 0x05
	CmdCancel             Command = 0x06
	CmdData               Command = 0x07
	CmdShiftState         Command = 0x10
	CmdBeginOpenShift     Command = 0x11
	CmdOpenShift          Command = 0x12
	CmdBeginCloseShift    Command = 0x13
	CmdCloseShift         Command = 0x14
	CmdBeginReceipt       Command = 0x15
	CmdFormReceipt        Command = 0x16
	CmdBeginCorrection    Command = 0x17
	CmdBeginReport        Command = 0x18
	CmdFormReport         Command = 0x19
	CmdExchangeStatus     Command = 0x20
	CmdSetLink            Command = 0x21
	CmdBeginReadMessage   Command = 0x22
	CmdReadMessage        Command = 0x23
	CmdCancelReadMessage  Command = 0x24
	CmdEndReadMessage     Command = 0x25
	CmdOperatorMessage    Command = 0x26
	CmdStatus             Command = 0x30
	CmdNumber             Command = 0x31
	CmdLife               Command = 0x32
	CmdVersion            Command = 0x33
	CmdLastErrors         Command = 0x35
	CmdFindDocument       Command = 0x40
	CmdFindTicket         Command = 0x41
	CmdUnsentCount        Command = 0x42
	CmdRegistrationTotals Command = 0x43
	CmdRegistrationTag    Command = 0x44
	CmdReadDocument       Command = 0x45
	CmdNextTag            Command = 0x46
	CmdNextRegistration   Command = 0x47
	CmdReset              Command = 0x60
)

// Commands that came with FFD 1.1 and 1.2. Second hand, all of them.
const (
	CmdServiceRecord      Command = 0x34
	CmdCounters           Command = 0x36
	CmdOperationCounters  Command = 0x37
	CmdTypeCounters       Command = 0x38
	CmdUnsentCounters     Command = 0x39
	CmdFFDVersions        Command = 0x3A
	CmdDaysLeft           Command = 0x3B
	CmdFreeMemory         Command = 0x3D
	CmdExecution          Command = 0x3F
	CmdFindFormatted      Command = 0x50
	CmdBeginRegistration2 Command = 0xA2
	CmdRegister2          Command = 0xA3
	CmdDataSize           Command = 0xA7
	CmdSpeed              Command = 0xAB
	CmdMarkingStatus      Command = 0xB0
	CmdCheckMark          Command = 0xB1
	CmdKeepMark           Command = 0xB2
	CmdDropMarks          Command = 0xB3
	CmdMarkRequest        Command = 0xB5
	CmdMarkAnswer         Command = 0xB6
	CmdMarkData           Command = 0xB7
	CmdNoticeStatus       Command = 0xBA
	CmdBeginReadNotice    Command = 0xBB
	CmdReadNotice         Command = 0xBC
	CmdCancelReadNotice   Command = 0xBD
	CmdEndReadNotice      Command = 0xBE
	CmdNoticeTicket       Command = 0xBF
	CmdKeysRequest        Command = 0xD0
	CmdKeysAnswer         Command = 0xD1
	CmdBeginExport        Command = 0xD3
	CmdNextExport         Command = 0xD4
	CmdReadExport         Command = 0xD5
	CmdConfirmExport      Command = 0xD6
	CmdKeyServer          Command = 0xD7
)

var commandNames = map[Command]string{
	CmdBeginRegistration: "begin registration", CmdRegister: "form registration", CmdBeginCloseArchive: "begin closing of fiscal mode",
	CmdCloseArchive: "close fiscal mode", CmdCancel: "cancel document", CmdData: "document data", CmdShiftState: "shift state",
	CmdBeginOpenShift: "begin opening of shift", CmdOpenShift: "open shift", CmdBeginCloseShift: "begin closing of shift",
	CmdCloseShift: "close shift", CmdBeginReceipt: "begin receipt", CmdFormReceipt: "form receipt", CmdBeginCorrection: "begin correction",
	CmdBeginReport: "begin settlement report", CmdFormReport: "form settlement report", CmdExchangeStatus: "exchange status",
	CmdSetLink: "set link", CmdBeginReadMessage: "begin reading of message", CmdReadMessage: "read message",
	CmdCancelReadMessage: "cancel reading of message", CmdEndReadMessage: "end reading of message", CmdOperatorMessage: "operator's message",
	CmdStatus: "status", CmdNumber: "number", CmdLife: "service life", CmdVersion: "version", CmdLastErrors: "last errors",
	CmdFindDocument: "find document", CmdFindTicket: "find ticket", CmdUnsentCount: "count of unsent documents",
	CmdRegistrationTotals: "registration totals", CmdRegistrationTag: "registration tag", CmdReadDocument: "read document",
	CmdNextTag: "next tag", CmdNextRegistration: "next registration tag", CmdReset: "reset",
	CmdServiceRecord: "service record", CmdCounters: "counters", CmdOperationCounters: "operation counters", CmdTypeCounters: "type counters",
	CmdUnsentCounters: "counters of unsent documents", CmdFFDVersions: "FFD versions", CmdDaysLeft: "days left", CmdFreeMemory: "free memory",
	CmdExecution: "execution", CmdFindFormatted: "find document with format", CmdBeginRegistration2: "begin registration with FFD",
	CmdRegister2: "form registration with FFD", CmdDataSize: "data size", CmdSpeed: "speed", CmdMarkingStatus: "marking status",
	CmdCheckMark: "check mark", CmdKeepMark: "keep mark", CmdDropMarks: "drop marks", CmdMarkRequest: "mark request",
	CmdMarkAnswer: "mark answer", CmdMarkData: "mark data", CmdNoticeStatus: "notice status", CmdBeginReadNotice: "begin reading of notice",
	CmdReadNotice: "read notice", CmdCancelReadNotice: "cancel reading of notice", CmdEndReadNotice: "end reading of notice",
	CmdNoticeTicket: "notice ticket", CmdKeysRequest: "keys request", CmdKeysAnswer: "keys answer", CmdBeginExport: "begin export",
	CmdNextExport: "next export", CmdReadExport: "read export", CmdConfirmExport: "confirm export", CmdKeyServer: "key server",
}

// String reads "16h form receipt".
func (c Command) String() string {
	if name, ok := commandNames[c]; ok {
		return fmt.Sprintf("%02Xh %s", byte(c), name)
	}
	return fmt.Sprintf("%02Xh", byte(c))
}

// Forms tells whether the command is the commit point of a document: before
// its answer nobody may say whether the document exists.
func (c Command) Forms() bool { return slices.Contains(forming, c) }

var forming = []Command{CmdRegister, CmdRegister2, CmdCloseArchive, CmdOpenShift, CmdCloseShift, CmdFormReceipt, CmdFormReport}

// SecondHand tells whether the command is known only from devices that came
// after the public interface description.
func (c Command) SecondHand() bool { return c >= CmdBeginRegistration2 || slices.Contains(newer, c) }

var newer = []Command{
	CmdServiceRecord, CmdCounters, CmdOperationCounters, CmdTypeCounters, CmdUnsentCounters, CmdFFDVersions, CmdDaysLeft, CmdFreeMemory,
	CmdExecution, CmdFindFormatted,
}

// MaxData is the most data a message carries, MaxMessage the message with its
// first byte, MaxFrame the whole frame (FN interface 1.2, §2).
const (
	MaxData    = 1024
	MaxMessage = 1 + MaxData
	MaxFrame   = 1 + 2 + MaxMessage + 2
)

// Most bytes of tags a document takes through [Data] (FN interface 1.2, §3).
const (
	MaxRegistrationData = 2 << 10  // 02h, 04h, 18h
	MaxShiftData        = 1 << 10  // 11h, 13h
	MaxReceiptData      = 30 << 10 // 15h, 17h
)
