#!/usr/bin/env python3
"""Draws the icons beside this file: a disk, and a sign that tells how its backup is doing.

usage: src/channels/growl/icons/draw.py

The signs differ in outline and not in colour alone: an arrow and a tick in a circle, an
exclamation mark in a triangle, a cross in an octagon. Nothing but Python's standard library is
needed.
"""

import math
import os
import struct
import zlib

SIZE = 64  # pixels each way
FINE = 4  # samples a pixel each way, for smooth edges

EDGE = (70, 78, 90)
CASE = (196, 203, 213)
FACE = (232, 236, 241)
LAMP = (96, 178, 106)
WHITE = (255, 255, 255)


def box(x, y, left, top, right, bottom, radius):
    """Whether a point is in a rectangle with round corners."""
    dx = max(left + radius - x, 0, x - (right - radius))
    dy = max(top + radius - y, 0, y - (bottom - radius))
    return dx * dx + dy * dy <= radius * radius and left <= x <= right and top <= y <= bottom


def circle(x, y, cx, cy, radius):
    return math.hypot(x - cx, y - cy) <= radius


def line(x, y, ax, ay, bx, by, width):
    """Whether a point is on a line with round ends."""
    length = (bx - ax) ** 2 + (by - ay) ** 2
    t = max(0, min(1, ((x - ax) * (bx - ax) + (y - ay) * (by - ay)) / length))
    return math.hypot(x - ax - t * (bx - ax), y - ay - t * (by - ay)) <= width / 2


def polygon(x, y, points):
    """Whether a point is in a convex polygon, whose corners are given clockwise."""
    corners = zip(points, points[1:] + points[:1])
    return all((bx - ax) * (y - ay) - (by - ay) * (x - ax) >= 0 for (ax, ay), (bx, by) in corners)


def octagon(cx, cy, radius):
    angles = (math.pi / 8 + n * math.pi / 4 for n in range(8))
    return [(cx + radius * math.cos(a), cy + radius * math.sin(a)) for a in angles]


def disk(x, y):
    """The colour of the disk at a point, or None beside it."""
    if not box(x, y, 4, 8, 56, 50, 7):
        return None
    if not box(x, y, 6.5, 10.5, 53.5, 47.5, 5):
        return EDGE
    if y > 38:
        return LAMP if circle(x, y, 13, 43, 2) else CASE
    if y > 36:
        return EDGE
    return CASE if circle(x, y, 30, 23.5, 9) and not circle(x, y, 30, 23.5, 3) else FACE


def begin(x, y):
    if polygon(x, y, [(40, 35.5), (54.5, 44), (40, 52.5)]):
        return WHITE
    return (43, 108, 196) if circle(x, y, 45, 44, 15) else None


def success(x, y):
    if line(x, y, 37.5, 44.5, 43, 50, 4.5) or line(x, y, 43, 50, 53, 38.5, 4.5):
        return WHITE
    return (30, 132, 73) if circle(x, y, 45, 44, 15) else None


def warning(x, y):
    if line(x, y, 45, 39.5, 45, 47, 4.5) or circle(x, y, 45, 53.2, 2.5):
        return (40, 32, 0)
    return (247, 190, 40) if polygon(x, y, [(45, 26), (63, 58.5), (27, 58.5)]) else None


def error(x, y):
    if line(x, y, 39.5, 38.5, 50.5, 49.5, 4.8) or line(x, y, 50.5, 38.5, 39.5, 49.5, 4.8):
        return WHITE
    return (192, 38, 38) if polygon(x, y, octagon(45, 44, 16)) else None


def near(sign, x, y):
    """Whether a point is so near to a sign that a gap parts it from the disk."""
    around = ((2.5 * math.cos(a), 2.5 * math.sin(a)) for a in (n * math.pi / 4 for n in range(8)))
    return any(sign(x + dx, y + dy) for dx, dy in around)


def pixel(sign, column, row):
    """Red, green, blue and opacity of one pixel: the mean of its samples."""
    seen = []
    for n in range(FINE * FINE):
        x = column + (n % FINE + 0.5) / FINE
        y = row + (n // FINE + 0.5) / FINE
        seen.append(sign(x, y) or (None if near(sign, x, y) else disk(x, y)))
    solid = [colour for colour in seen if colour]
    if not solid:
        return bytes(4)
    mean = [round(sum(part) / len(solid)) for part in zip(*solid)]
    return bytes([*mean, round(255 * len(solid) / len(seen))])


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(sign):
    rows = (b"".join(pixel(sign, x, y) for x in range(SIZE)) for y in range(SIZE))
    data = zlib.compress(b"".join(b"\0" + row for row in rows), 9)
    header = struct.pack(">IIBBBBB", SIZE, SIZE, 8, 6, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", data) + chunk(b"IEND", b"")


def main():
    folder = os.path.dirname(os.path.abspath(__file__))
    for sign in (begin, success, warning, error):
        with open(os.path.join(folder, sign.__name__ + ".png"), "wb") as file:
            file.write(png(sign))


main()
