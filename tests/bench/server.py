"""The server of the bench (smtpd/smtpd.c), and the link that delays (tunlink.py)."""

import json
import os
import subprocess
import sys
import time

import tunlink
from world import HERE, Broken

# how long the last line about a connection may be on its way
PATIENCE = 30


def read_line(process, what):
    line = process.stdout.readline().decode()
    if not line.startswith("ready"):
        raise Broken(f"{what} did not begin")
    return line.split()[1:]


class Link:
    """A network namespace that is so many milliseconds away, each way."""

    def __init__(self, milliseconds):
        command = [sys.executable, str(HERE / "tunlink.py"), str(milliseconds)]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        read_line(self.process, "the link")

    def inside(self, command):
        return ["nsenter", f"--net=/proc/{self.process.pid}/ns/net", *command]

    def stop(self):
        self.process.stdin.close()
        self.process.wait()


class Server:
    """A server that runs until `stop`, or until this process ends."""

    def __init__(self, world, *, link=None, chunking=True, quick=False, linger=0, keep=None, port=0):
        self.log = world.fresh("connections")
        self.log.touch()
        self.read = 0
        command = [str(world.smtpd), "-c", str(world.chain), "-k", str(world.key), "-l", str(self.log), "-p", str(port)]
        command += ["-C"] * chunking + ["-Q"] * quick
        command += ["-L", str(linger)] if linger else []
        command += ["-m", str(keep)] if keep else []
        if link:
            command = link.inside([*command, "-a", tunlink.FAR])
        self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
        self.clear_port, self.tls_port = (int(word) for word in read_line(self.process, "the server"))

    def connections(self, messages):
        """What was told of the connections since the last time, when so many messages have come."""
        found = []
        end = time.monotonic() + PATIENCE
        while sum(one["messages"] for one in found) < messages:
            with open(self.log, "rb") as log:
                log.seek(self.read)
                news = log.read()
            news = news[: news.rfind(b"\n") + 1]
            self.read += len(news)
            found += [json.loads(line) for line in news.splitlines()]
            if time.monotonic() > end:
                raise Broken(f"{messages} messages were sent, and this came: {found}")
            if not news:
                time.sleep(0.001)
        if sum(one["messages"] for one in found) != messages:
            raise Broken(f"{messages} messages were sent, and more came: {found}")
        return found

    def stop(self):
        os.kill(self.process.pid, 15)
        self.process.wait()
        self.process.stdout.close()
