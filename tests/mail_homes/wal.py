"""Changes to write-ahead logs that SQLite itself does not offer (https://www.sqlite.org/fileformat2.html, section 4).

Its salts are random, which would make every run of the generator write other bytes, and it leaves
no transaction half done when it can help it.
"""

import struct

HEADER = 32
FRAME_HEADER = 24
SALTS = (0x0BAC_CA11, 0x0000_2001)
OLD_SALTS = (0x0BAC_CA10, 0x0000_1984)


def frames(log):
    """Returns the header and the frames, each a list of page number, size, salts and page."""
    page_size = struct.unpack(">I", log[8:12])[0]
    length = FRAME_HEADER + page_size
    found = []
    for start in range(HEADER, len(log) - length + 1, length):
        number, size, *salts = struct.unpack(">4I", log[start : start + 16])
        found.append([number, size, tuple(salts), log[start + FRAME_HEADER : start + length]])
    return log[:HEADER], found


def with_fixed_salts(log):
    """The same log with salts of ours; frames left over from before a restart keep others."""
    header, found = frames(log)
    salts = struct.unpack(">2I", header[16:24])
    for frame in found:
        frame[2] = SALTS if frame[2] == salts else OLD_SALTS
    return assembled(header, found)


def without_last_commit(log):
    """The same log, as if the writer had died before its last transaction was complete."""
    header, found = frames(log)
    last = max(i for i, frame in enumerate(found) if frame[1] and frame[2] == found[0][2])
    found[last][1] = 0
    return assembled(header, found)


def assembled(header, found):
    """Puts a log together, with checksums that are right for the frames that count."""
    magic = struct.unpack(">I", header[:4])[0]
    order = ">" if magic & 1 else "<"
    start = header[:16] + struct.pack(">2I", *SALTS)
    sums = checksum(order, start, (0, 0))
    pieces = [start, struct.pack(">2I", *sums)]
    for number, size, salts, page in found:
        place = struct.pack(">2I", number, size)
        sums = checksum(order, page, checksum(order, place, sums))
        pieces += [place, struct.pack(">4I", *salts, *sums), page]
    return b"".join(pieces)


def checksum(order, data, sums):
    first, second = sums
    words = struct.unpack(f"{order}{len(data) // 4}I", data)
    for i in range(0, len(words), 2):
        first = (first + words[i] + second) & 0xFFFF_FFFF
        second = (second + words[i + 1] + first) & 0xFFFF_FFFF
    return first, second
