"""Runs a server for as long as somebody holds this program's standard input.

usage: guard.py DIRECTORY COMMAND [ARGUMENT...]

A test process can end without running a destructor: a static is never dropped,
and SIGKILL asks nobody. The kernel closes its pipes in every case. So this waits
for the end of its input, then kills the server with every process that came from
it, and removes DIRECTORY. It also ends, with the server's status, when the server
ends by itself. What the server prints goes to DIRECTORY/output.
"""

import ctypes
import os
import select
import shutil
import subprocess
import sys

PR_SET_CHILD_SUBREAPER = 36


def children():
    """The processes whose parent this one is."""
    found = []
    for name in os.listdir("/proc"):
        if name.isdigit():
            try:
                with open(f"/proc/{name}/stat", "rb") as stat:
                    # the program's name, in parentheses, may hold anything
                    fields = stat.read().rpartition(b")")[2].split()
            except OSError:
                continue  # it has ended meanwhile
            if int(fields[1]) == os.getpid():
                found.append(int(name))
    return found


def kill_descendants():
    """Kills until nothing is left: the orphans of whom we kill become ours."""
    while True:
        for pid in children():
            os.kill(pid, 9)
        try:
            os.wait()
        except ChildProcessError:
            return


def main():
    directory, command = sys.argv[1], sys.argv[2:]
    os.setsid()  # Ctrl-C at the tests' terminal ends the tests, and they end us
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0:
        sys.exit(f"guard: prctl: {os.strerror(ctypes.get_errno())}")
    with open(os.path.join(directory, "output"), "wb") as output:
        server = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=output, stderr=output
        )
    ended = os.pidfd_open(server.pid)
    readable, _, _ = select.select([sys.stdin, ended], [], [])
    if ended in readable:
        # what the directory holds tells why: it is left to whoever waits for us
        status = server.wait()
        kill_descendants()
        sys.exit(status or 1)
    kill_descendants()
    shutil.rmtree(directory, ignore_errors=True)


main()
