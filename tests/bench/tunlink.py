"""A link that delays: every IP packet between this network namespace and a new one.

    tunlink.py MILLISECONDS

The two ends are TUN devices, 192.0.2.2 here and 192.0.2.1 (RFC 5737) in the new namespace, which is that of this
process: `nsenter --net=/proc/PID/ns/net` enters it, and it goes when this process does. TCP is real from end to end,
with its handshake, Nagle, delayed acknowledgements and slow start: a proxy that waits would hide all of them.
"ready" on standard output says that the link is there. It ends when standard input does.
"""

import collections
import ctypes
import fcntl
import os
import select
import struct
import subprocess
import sys
import time

NEAR, FAR = "192.0.2.2", "192.0.2.1"
TUNSETIFF = 0x400454CA
IFF_TUN, IFF_NO_PI = 0x0001, 0x1000
CLONE_NEWNET = 0x40000000
# longer than any packet: the device has the usual 1500
PACKET = 2048


def device(name, address, peer):
    """Makes one end in the namespace that this process is in, and returns it."""
    end = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
    fcntl.ioctl(end, TUNSETIFF, struct.pack("16sH22x", name.encode(), IFF_TUN | IFF_NO_PI))
    subprocess.run(["ip", "address", "add", address, "peer", peer, "dev", name], check=True)
    # no packet is dropped for want of room: nothing but the delay is measured
    subprocess.run(["ip", "link", "set", name, "mtu", "1500", "txqueuelen", "10000", "up"], check=True)
    return end


def new_namespace():
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(CLONE_NEWNET):
        raise OSError(ctypes.get_errno(), "a network namespace cannot be made")


def packets(end):
    while True:
        try:
            yield os.read(end, PACKET)
        except BlockingIOError:
            return


def carry(near, far, delay):
    """Hands each packet over when it is due. All wait equally long, so the first is always the next."""
    underway = collections.deque()
    other = {near: far, far: near}
    while True:
        wait = max(0, underway[0][0] - time.monotonic()) if underway else None
        ready, _, _ = select.select([near, far, sys.stdin], [], [], wait)
        if sys.stdin in ready:
            return
        now = time.monotonic()
        for end in ready:
            underway.extend((now + delay, other[end], packet) for packet in packets(end))
        while underway and underway[0][0] <= time.monotonic():
            _, end, packet = underway.popleft()
            os.write(end, packet)


def main():
    near = device("near", NEAR, FAR)
    new_namespace()
    far = device("far", FAR, NEAR)
    print("ready", flush=True)
    carry(near, far, float(sys.argv[1]) / 1000)


if __name__ == "__main__":
    main()
