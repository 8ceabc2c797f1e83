"""The host's side of umockdev: answers the system calls of libusb.

Transfers go as lines of JSON to the socket named in the first argument, and
come back from there when the device has done them. linux/usbdevice_fs.h.
"""
import ctypes
import errno
import json
import pathlib
import socket
import struct
import sys

import gi

gi.require_version("UMockdev", "1.0")
from gi.repository import GLib, UMockdev  # noqa: E402

SUBMITURB, REAPURB, REAPURBNDELAY, DISCARDURB = 0x8038550A, 0x4008550C, 0x4008550D, 0x0000550B
CLAIM, RELEASE, SETINTERFACE, SETCONFIGURATION = 0x8004550F, 0x80045510, 0x80085504, 0x80045505
GETDRIVER, IOCTL, RESET, CLEAR_HALT = 0x41045508, 0xC0105512, 0x00005514, 0x80045515
GET_CAPABILITIES, DISCONNECT_CLAIM = 0x8004551A, 0x8108551B
URB = struct.Struct("<BxxxIIxxxxQiiiiiIQ")  # no const: 56 bytes
# How long a call for finished transfers waits for one: the descriptor of a
# device that is not there is always ready, and libusb would ask without end.
PATIENCE_MS = 5


class Opening:
    """One opening of a device; the transfers begun there end there."""

    def __init__(self):
        self.flying = {}  # address of the urb in the program -> (number, urb, buffer)
        self.finished = []
        self.waiting = None


class Device:
    """One device plugged in."""

    def __init__(self, bed, order):
        self.bed, self.order = bed, order
        self.gone = False
        self.claimed = None
        self.openings = {}
        self.node = "/dev/bus/usb/%03d/%03d" % (order["bus"], order["number"])
        bed.tree.attach_ioctl(self.node, self.handler())
        self.file = pathlib.Path(bed.tree.get_root_dir() + self.node)
        self.file.parent.mkdir(parents=True, exist_ok=True)
        self.file.write_bytes(b"")
        name = "%d-%d" % (order["bus"], order["port"])
        self.path = bed.tree.add_device(
            "usb", name, None,
            ["busnum", str(order["bus"]), "devnum", str(order["number"]), "speed", "12", "bConfigurationValue", "1",
             "idVendor", order["vendor"], "idProduct", order["product"]],
            ["DEVTYPE", "usb_device", "DEVNAME", self.node, "BUSNUM", "%03d" % order["bus"], "DEVNUM", "%03d" % order["number"]])
        bed.tree.set_attribute_binary(self.path, "descriptors", list(bytes.fromhex(order["descriptors"])))
        bed.tree.uevent(self.path, "add")

    def handler(self):
        self.base = UMockdev.IoctlBase()
        self.base.connect("handle-ioctl", self.handle)
        self.base.connect("client-vanished", lambda _, client: self.openings.pop(client, None))
        return self.base

    def unplug(self):
        self.gone = True
        self.file.unlink()
        self.bed.tree.uevent(self.path, "remove")
        self.bed.tree.remove_device(self.path)

    def handle(self, _base, client):
        request = client.get_request() & 0xFFFFFFFF
        opening = self.openings.setdefault(client, Opening())
        if request in (REAPURB, REAPURBNDELAY):
            self.reap(client, opening)
            return True
        result, code = 0, 0
        if self.gone and request != DISCARDURB:
            result, code = -1, errno.ENODEV
        elif request == GET_CAPABILITIES:
            client.get_arg().resolve(0, 4).update(0, list(struct.pack("<I", 0)))
        elif request == GETDRIVER:
            result, code = -1, errno.ENODATA
        elif request in (CLAIM, DISCONNECT_CLAIM):
            number = struct.unpack("<I", bytes(client.get_arg().resolve(0, 4).retrieve()))[0]
            if self.order["busy"]:
                result, code = -1, errno.EBUSY
            else:
                self.claimed = number
                self.bed.say(op="claimed", device=self.order["id"], interface=number)
        elif request == RELEASE:
            self.claimed = None
            self.bed.say(op="released", device=self.order["id"])
        elif request in (SETINTERFACE, SETCONFIGURATION, CLEAR_HALT, IOCTL):
            pass
        elif request == RESET:
            self.bed.say(op="reset", device=self.order["id"])
        elif request == SUBMITURB:
            result, code = self.submit(client, opening)
        elif request == DISCARDURB:
            result, code = self.discard(client, opening)
        else:
            result, code = -1, errno.ENOTTY
        client.complete(result, code)
        return True

    def submit(self, client, opening):
        urb = client.get_arg().resolve(0, URB.size)
        kind, endpoint, _, _, _, length, *_ = self.fields(urb)
        if kind == 3 and self.claimed is None:  # bulk, on an interface nobody claimed
            return -1, errno.ENOENT
        buffer = urb.resolve(16, length) if length else None
        content = bytes(buffer.retrieve()) if buffer else b""
        number = self.bed.count()
        setup = b""
        if kind == 2:
            setup, content = content[:8], content[8:]
        out = not ((setup[0] if setup else endpoint) & 0x80)
        opening.flying[urb.client_addr] = (number, urb, buffer)
        self.bed.flying[number] = self, client, urb.client_addr, bool(setup)
        self.bed.say(op="submit", device=self.order["id"], id=number, endpoint=endpoint, setup=setup.hex(),
                     data=content.hex() if out else "", length=len(content))
        return 0, 0

    @staticmethod
    def fields(urb):
        raw = bytes(urb.retrieve())
        kind, endpoint = raw[0], raw[1]
        length, actual = struct.unpack_from("<ii", raw, 24)
        return kind, endpoint, raw, None, None, length, actual

    def discard(self, client, opening):
        address = struct.unpack("<Q", bytes(client.get_arg().retrieve()))[0]
        if address not in opening.flying:
            return -1, errno.EINVAL
        self.bed.say(op="cancel", id=opening.flying[address][0])
        return 0, 0

    def done(self, client, address, setup, status, actual, data):
        opening = self.openings.get(client)
        if opening is None:  # closed meanwhile
            return
        _, urb, buffer = opening.flying.pop(address)
        opening.finished.append((urb, buffer, setup, status, actual, data))
        if opening.waiting:
            self.give(client, opening)

    def reap(self, client, opening):
        if opening.finished:
            self.give(client, opening)
            return
        opening.waiting = GLib.timeout_add(PATIENCE_MS, self.nothing, client, opening)

    def nothing(self, client, opening):
        opening.waiting = None
        client.complete(-1, errno.ENODEV if self.gone else errno.EAGAIN)
        return False

    def give(self, client, opening):
        if opening.waiting:
            GLib.source_remove(opening.waiting)
            opening.waiting = None
        urb, buffer, setup, status, actual, data = opening.finished.pop(0)
        if data:
            buffer.update(8 if setup else 0, list(data))
        urb.update(4, list(struct.pack("<i", -status)))
        urb.update(28, list(struct.pack("<i", actual)))
        client.get_arg().resolve(0, ctypes.sizeof(ctypes.c_void_p)).set_ptr(0, urb)
        client.complete(0, 0)


class Bed:
    """The testbed: plugs devices in and out as it is told."""

    def __init__(self, path):
        self.tree = UMockdev.Testbed.new()
        self.devices, self.flying, self.last = {}, {}, 0
        self.line = socket.socket(socket.AF_UNIX)
        self.line.connect(path)
        self.file = self.line.makefile("rwb", buffering=0)
        self.loop = GLib.MainLoop()
        self.rest = b""
        GLib.io_add_watch(self.line.fileno(), GLib.PRIORITY_DEFAULT, GLib.IOCondition.IN | GLib.IOCondition.HUP, self.hear)
        self.say(op="ready", root=self.tree.get_root_dir())

    def count(self):
        self.last += 1
        return self.last

    def say(self, **what):
        self.line.sendall(json.dumps(what).encode() + b"\n")

    def hear(self, *_):
        came = self.line.recv(1 << 16)
        if not came:
            self.loop.quit()
            return False
        *lines, self.rest = (self.rest + came).split(b"\n")
        for line in lines:
            self.obey(json.loads(line))
        return True

    def obey(self, order):
        if order["op"] == "plug":
            self.devices[order["id"]] = Device(self, order)
            self.say(op="plugged", device=order["id"])
        elif order["op"] == "unplug":
            self.devices[order["id"]].unplug()
            self.say(op="unplugged", device=order["id"])
        elif order["op"] == "done":
            device, client, address, setup = self.flying.pop(order["id"])
            device.done(client, address, setup, order["status"], order["actual"], bytes.fromhex(order["data"]))


if __name__ == "__main__":
    Bed(sys.argv[1]).loop.run()
