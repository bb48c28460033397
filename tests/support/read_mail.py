"""Reads one raw message on standard input and prints as JSON what a mail program makes of it.

Python's email package shares no code with the program under test, decodes what
it can, and lists what it had to forgive: a test that reads a message through it
sees what the person sees, and whether other programs would stumble.
"""

import json
import sys
from email import message_from_bytes, policy


def header(name, raw):
    """One decoded header. The parser knows no UTF-8 in headers (RFC 6532): it gets text."""
    try:
        raw = raw.encode("ascii", "surrogateescape").decode("utf-8")
    except UnicodeError:
        pass  # the parser reports the stray bytes as a defect
    return policy.default.header_fetch_parse(name, raw)


def text_of(payload, charset):
    """The text of a leaf; null when its bytes are none in its charset."""
    try:
        return payload.decode(charset or "us-ascii")
    except (LookupError, UnicodeDecodeError):
        return None


def described(defects, where):
    return [{"where": where, "defect": type(d).__name__, "text": str(d)} for d in defects]


def main():
    raw = sys.stdin.buffer.read()
    message = message_from_bytes(raw, policy=policy.default)
    headers = [(name, header(name, value)) for name, value in message.raw_items()]
    parts, defects = [], []
    for number, part in enumerate(message.walk()):
        if not part.is_multipart():
            payload = part.get_payload(decode=True)
            charset = part.get_content_charset()
            parts.append(
                {
                    "content_type": part.get_content_type(),
                    "charset": charset,
                    "transfer_encoding": str(part.get("Content-Transfer-Encoding", "7bit")),
                    "disposition": part.get_content_disposition(),
                    "filename": part.get_filename(),
                    "text": text_of(payload, charset),
                    "size": len(payload),
                }
            )
        # after the payload was decoded, which finds defects of its own
        defects += described(part.defects, f"part {number}")
        for name, value in headers if part is message else part.items():
            defects += described(value.defects, f"part {number}, {name}")
    result = {
        "headers": [[name, str(value)] for name, value in headers],
        "content_type": message.get_content_type(),
        "parts": parts,
        "defects": defects,
        "longest_line": max(len(line.rstrip(b"\r")) for line in raw.split(b"\n")),
    }
    json.dump(result, sys.stdout)


main()
