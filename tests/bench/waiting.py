"""An outbox, made as the head of src/outbox/mod.rs says it looks like, and by none of that code."""

import base64
import datetime
import hashlib
import hmac
import json
import os

from world import private_file

KEY_WORD = b"backup-notify-outbox-key-1:"
CHECK_WORD = b"backup-notify outbox key 1\n"
SEAL_WORD = b"backup-notify outbox entry 1\n"


def make_outbox(folder, task, recipients, messages):
    """Makes an outbox with these messages, an hour old and a millisecond apart; each is a function of its number,
    its Message-ID and its time."""
    folder.mkdir(mode=0o700)
    key = os.urandom(32)
    check = hashlib.sha256(CHECK_WORD + key).digest()[:8]
    private_file(folder / "key", KEY_WORD + base64.b64encode(key + check) + b"\n")
    begin = datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(hours=1)
    for number, message in enumerate(messages):
        when = begin + datetime.timedelta(milliseconds=number)
        name = f"{when:%Y%m%dT%H%M%S}.{when.microsecond // 1000:03}-{number:08x}"
        message_id = f"<{number}.bench@example.com>"
        content = message(number, message_id, when)
        entry = json.dumps(
            {
                "version": 1,
                "id": name,
                "task": str(task),
                "email": 0,
                "name": "Bench",
                "subject": f"Backup failed: Bench {number}",
                "outcome": "error",
                "queued": when.isoformat().replace("+00:00", "Z"),
                "message_id": message_id,
                "sender": None,
                "recipients": recipients,
                "attempts": 1,
                "tried": when.isoformat().replace("+00:00", "Z"),
                "last_error": "127.0.0.1:25: connection refused",
                "last_code": 75,
                "refused": False,
                "size": len(content),
                "sha256": hashlib.sha256(content).hexdigest(),
            },
            separators=(",", ":"),
        ).encode()
        seal = hmac.new(key, SEAL_WORD + name.encode() + b"\n" + entry, hashlib.sha256).hexdigest().encode()
        private_file(folder / f"{name}.eml", content)
        private_file(folder / f"{name}.json", b'{"seal":"' + seal + b'","entry":' + entry + b"}\n")


def small_message(size):
    """A message as the composer makes them: text and HTML of about this size together."""

    def content(number, message_id, when):
        filler = "".join(
            f"line {line} of message {number}: nothing went as it should\r\n" for line in range(size // 60 // 2)
        )
        return (
            f"Date: {when:%a, %d %b %Y %H:%M:%S} +0000\r\nMessage-ID: {message_id}\r\nFrom: jon@example.com\r\n"
            f"To: ops@example.com\r\nSubject: Backup failed: Bench {number}\r\nAuto-Submitted: auto-generated\r\n"
            'MIME-Version: 1.0\r\nContent-Type: multipart/alternative;\r\n boundary="part"\r\n\r\n'
            "--part\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n"
            f"{filler}\r\n--part\r\nContent-Type: text/html; charset=utf-8\r\n"
            f"Content-Transfer-Encoding: quoted-printable\r\n\r\n<p>{filler}</p>\r\n--part--\r\n"
        ).encode()

    return content
