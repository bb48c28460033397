"""A session bus with a notification service, in one process, that behaves as it is told.

Usage: dbus.py SOCKET LOG FAULT...

SOCKET is a path, or @NAME for an abstract name. FAULT is WHAT:STEP, or a word:
big (answers in big-endian), plain (a service without body-markup), synchronous (one
that lists this capability), backlog (nobody is taken in, and many wait). What was said to it goes to LOG, one JSON
object a line. It prints a line when it listens, and ends with its standard
input. Written from the D-Bus specification alone.
"""

import json
import os
import socket
import struct
import sys
import threading
import time

STEPS = {
    "Hello": "hello",
    "GetCapabilities": "capabilities",
    "GetServerInformation": "information",
    "Notify": "notify",
}


class Reader:
    """Reads values of a message in little-endian order."""

    def __init__(self, data):
        self.data, self.at = data, 0

    def number(self, code, size):
        self.at += -self.at % size
        (value,) = struct.unpack_from("<" + code, self.data, self.at)
        self.at += size
        return value

    def text(self, short=False):
        length = self.number("B", 1) if short else self.number("I", 4)
        value = self.data[self.at : self.at + length].decode()
        assert self.data[self.at + length] == 0
        self.at += length + 1
        return value

    def value(self, types):
        """Reads one value; returns it and the types that are left."""
        kind, rest = types[0], types[1:]
        numbers = {"y": ("B", 1), "u": ("I", 4), "i": ("i", 4), "b": ("I", 4)}
        if kind in numbers:
            return self.number(*numbers[kind]), rest
        if kind in "so":
            return self.text(), rest
        if kind == "g":
            return self.text(short=True), rest
        if kind == "v":
            types = self.text(short=True)
            value, left = self.value(types)
            assert left == ""
            return {types: value}, rest
        if kind in "({":
            self.at += -self.at % 8
            values = []
            while rest[0] not in ")}":
                value, rest = self.value(rest)
                values.append(value)
            return values, rest[1:]
        assert kind == "a", types
        length = self.number("I", 4)
        if rest[0] in "({":
            self.at += -self.at % 8
        end, values, left = self.at + length, [], None
        while self.at < end:
            value, left = self.value(rest)
            values.append(value)
        assert self.at == end
        return values, left if left is not None else skip(rest)

    def values(self, types):
        values = []
        while types:
            value, types = self.value(types)
            values.append(value)
        return values


def skip(types):
    """Returns the types after the first."""
    depth = 0
    for index, kind in enumerate(types):
        depth += (kind in "({") - (kind in ")}")
        if depth == 0 and kind != "a":
            return types[index + 1 :]
    return ""


class Writer:
    """Writes values of a message in either order."""

    def __init__(self, order):
        self.order, self.data = order, bytearray()

    def pad(self, size):
        self.data += bytes(-len(self.data) % size)

    def number(self, value):
        self.pad(4)
        self.data += struct.pack(self.order + "I", value)

    def text(self, value):
        self.number(len(value.encode()))
        self.data += value.encode() + b"\0"

    def field(self, code, kind, value):
        self.pad(8)
        self.data += bytes([code, 1]) + kind.encode() + b"\0"
        if kind == "u":
            self.number(value)
        elif kind == "g":
            self.data += bytes([len(value)]) + value.encode() + b"\0"
        else:
            self.text(value)


class Connection:
    def __init__(self, peer, log, faults):
        self.peer, self.log = peer, log
        self.faults = dict(fault.split(":", 1)[::-1] for fault in faults if ":" in fault)
        self.words = [fault for fault in faults if ":" not in fault]
        self.order = ">" if "big" in self.words else "<"
        self.data = b""

    def note(self, **what):
        self.log.write(json.dumps(what) + "\n")
        self.log.flush()

    def receive(self):
        data = self.peer.recv(65536)
        if not data:
            raise EOFError
        self.data += data

    def take(self, size):
        while len(self.data) < size:
            self.receive()
        data, self.data = self.data[:size], self.data[size:]
        return data

    def line(self):
        while b"\r\n" not in self.data:
            self.receive()
        line, _, self.data = self.data.partition(b"\r\n")
        return line

    def message(self, kind, fields, body=b""):
        head = Writer(self.order)
        head.data += (b"B" if self.order == ">" else b"l") + bytes([kind, 0, 1])
        head.number(len(body))
        head.number(7)
        inner = Writer(self.order)
        for field in fields:
            inner.field(*field)
        head.number(len(inner.data))
        head.data += inner.data
        head.pad(8)
        return bytes(head.data) + body

    def signal(self):
        return self.message(
            4, [(1, "o", "/org/freedesktop/DBus"), (2, "s", "org.freedesktop.DBus"), (3, "s", "NameAcquired")]
        )

    def answer(self, serial, step):
        body = Writer(self.order)
        if step == "hello":
            types, _ = "s", body.text(":1.42")
        elif step == "capabilities":
            inner = Writer(self.order)
            markup = [] if "plain" in self.words else ["body-markup"]
            for text in ["body", *markup, *(word for word in self.words if word == "synchronous")]:
                inner.text(text)
            types = "as"
            body.number(len(inner.data))
            body.data += inner.data
        elif step == "information":
            types = "ssss"
            for text in ["Scripted \x1b[31mservice", "nobody", "1", "1.2"]:
                body.text(text)
        else:
            types, _ = "u", body.number(0 if self.faults.get(step) == "zero" else 5)
        if self.faults.get(step) == "type":
            types = "t"
        return self.message(2, [(5, "u", serial), (8, "g", types)], bytes(body.data))

    def misbehave(self, step, good, serial=1):
        """Does what the fault of this step is; returns whether there is one."""
        fault = self.faults.get(step, "none")
        name, _, more = fault.partition("=")
        if name in ("none", "zero", "type"):
            return False
        if name == "close":
            raise EOFError
        if name == "half":
            self.peer.sendall(good[: len(good) // 2])
            raise EOFError
        if name == "garbage":
            self.peer.sendall(bytes(range(255, 0, -1)))
        elif name == "endless":
            noise = b"A" * 4096 if step == "auth" else self.signal()
            while True:
                self.peer.sendall(noise)
        elif name == "huge":
            self.peer.sendall(b"l\2\0\1" + struct.pack("<III", 0xFFFFFFF0, 1, 0xFFFFFFF0))
        elif name == "header":
            self.peer.sendall(self.message(2, [(5, "u", serial), (8, "g", "((((((")]))
        elif name == "drip":
            for byte in good:
                self.peer.sendall(bytes([byte]))
                time.sleep(0.05)
        elif name == "serial":
            self.peer.sendall(self.answer(serial + 100, step))
        elif name == "says":
            self.peer.sendall(more.encode() + b"\r\n")
        elif name == "error":
            body = Writer(self.order)
            body.text("the words\x1b[31m of the error")
            self.peer.sendall(
                self.message(3, [(4, "s", more), (5, "u", serial), (8, "g", "s")], bytes(body.data))
            )
        else:
            assert name == "hang", fault
        return True

    def serve(self):
        pid, uid, gid = struct.unpack("iII", self.peer.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))
        try:
            with open(f"/proc/{pid}/status") as status:
                groups = next(line for line in status if line.startswith("Groups:")).split()[1:]
        except OSError:
            groups = ["gone"]
        self.note(uid=uid, gid=gid, groups=groups)
        assert self.take(1) == b"\0"
        self.note(auth=self.line().decode())
        good = b"OK 0123456789abcdef0123456789abcdef\r\n"
        if not self.misbehave("auth", good):
            self.peer.sendall(good)
        assert self.line() == b"BEGIN"
        while True:
            head = self.take(16)
            assert head[:4] == b"l\1\0\1", head
            body, serial, fields = struct.unpack("<III", head[4:])
            rest = self.take(fields + -fields % 8 + body)
            reader = Reader(head[12:] + rest)
            reader.data, reader.at = head + rest, 12
            (fields,) = reader.values("a(yv)")
            fields = {code: list(value.items())[0] for code, value in fields}
            types = fields.get(8, ("g", ""))[1]
            arguments = Reader(rest[len(rest) - body :]).values(types)
            call = {code: value for code, (_, value) in fields.items()}
            self.note(to=call[6], path=call[1], interface=call[2], call=call[3], arguments=arguments)
            step = STEPS[call[3]]
            if step == "hello":
                good = self.answer(serial, step) + self.signal()
            else:
                good = self.signal() + self.answer(serial, step)
            if not self.misbehave(step, good, serial):
                self.peer.sendall(good)


def serve(peer, log, faults):
    with peer:
        try:
            Connection(peer, log, faults).serve()
        except (EOFError, OSError):
            pass


def main():
    path, log, *faults = sys.argv[1:]
    name = "\0" + path[1:] if path.startswith("@") else path
    server = socket.socket(socket.AF_UNIX)
    server.bind(name)
    server.listen(0 if "backlog" in faults else 16)
    waiting = []
    while "backlog" in faults:
        client = socket.socket(socket.AF_UNIX)
        client.setblocking(False)
        try:
            client.connect(name)
            waiting.append(client)
        except BlockingIOError:
            break

    def end():
        sys.stdin.read()
        os._exit(0)

    threading.Thread(target=end, daemon=True).start()
    print("listening", flush=True)
    if waiting:
        threading.Event().wait()
    with open(log, "a") as log:
        while True:
            peer, _ = server.accept()
            threading.Thread(target=serve, args=(peer, log, faults), daemon=True).start()


main()
