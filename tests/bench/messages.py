"""The messages that are sent: made once by backup-notify itself, or as large as one likes."""

import base64
import os
import random

from programs import SENDER, Job, Message, addresses, backup_notify
from server import Server
from world import private_file

# the longest log that goes with a message as a whole
LOG = 5 * 1024 * 1024


def kept(world, how, content):
    crlf, lf = world.fresh("message"), world.fresh("message-lf")
    private_file(crlf, content)
    private_file(lf, content.replace(b"\r\n", b"\n"))
    return Message(how, crlf, lf)


def made_by_notify(world, recipients, log=False):
    """What `notify` sends to so many, caught by a server: the others get the same bytes to send."""
    if log:
        write_log(world.folder / "backup.log")
    caught = world.fresh("caught")
    server = Server(world, chunking=False, keep=caught)
    nothing = Message("log" if log else "notify", caught, caught)
    job = Job("none", "none", "127.0.0.1", server.clear_port, addresses(recipients), nothing)
    world.measure(backup_notify(world, job).command)
    server.connections(1)
    server.stop()
    content = caught.read_bytes()
    # a dot more at the beginning of a line (RFC 5321, section 4.5.2)
    content = content.removeprefix(b".") if content.startswith(b"..") else content
    return kept(world, nothing.how, content.replace(b"\r\n..", b"\r\n."))


def write_log(path):
    """A log that compression makes little smaller, the same in each run."""
    words = random.Random(9)
    with open(path, "w", encoding="ascii") as log:
        size = 0
        while size < LOG - 100:
            size += log.write(f"{base64.b64encode(words.randbytes(48)).decode()}\n")
    os.chmod(path, 0o600)


def of_size(world, size):
    """A message of about so many bytes, with an attachment in base64 where there is room for one."""
    head = (
        f"Date: Mon, 23 Nov 2026 10:00:00 +0000\r\nMessage-ID: <{size}.bench@example.com>\r\nFrom: {SENDER}\r\n"
        "To: ops0@example.com\r\nSubject: Backup failed\r\nMIME-Version: 1.0\r\n"
        'Content-Type: multipart/mixed; boundary="part"\r\n\r\n'
        "--part\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nNothing was copied.\r\n\r\n"
        "--part\r\nContent-Type: application/octet-stream\r\nContent-Transfer-Encoding: base64\r\n\r\n"
    ).encode()
    end = b"--part--\r\n"
    lines = max(1, (size - len(head) - len(end)) // 78)
    coded = base64.b64encode(random.Random(size).randbytes(lines * 57))
    body = b"".join(coded[at : at + 76] + b"\r\n" for at in range(0, len(coded), 76))
    return kept(world, "outbox", head + body + end)
