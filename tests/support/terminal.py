"""Runs a program at a terminal of its own, and types to it as a person would.

Called with a file of acts (JSON: pairs of a word and a text) and a program with its arguments.
What the terminal showed goes to stdout; the code is the program's. Nothing here waits for time
to pass: every act waits for what it names, and whoever called this ends it if that never comes.
"""

import json
import os
import pty
import sys
import termios
import time


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        acts = json.load(file)
    pid, terminal = pty.fork()
    if pid == 0:
        os.execv(sys.argv[2], sys.argv[2:])
    shown = b""
    seen = 0

    def more():
        nonlocal shown
        try:
            piece = os.read(terminal, 65536)
        except OSError:  # EIO: nobody holds the other end any more
            return False
        shown += piece
        return piece != b""

    def echo():
        return termios.tcgetattr(terminal)[3] & termios.ECHO != 0

    trouble = None
    for act, text in acts:
        if act == "sees":
            needle = text.encode()
            while needle not in shown[seen:]:
                if not more():
                    trouble = f"never saw {text!r}"
                    break
            if trouble:
                break
            seen = shown.index(needle, seen) + len(needle)
        elif act in ("hidden", "echoed"):
            while echo() != (act == "echoed"):
                time.sleep(0.001)
        elif act == "types":
            os.write(terminal, text.encode())
        elif act == "undumpable":
            with open(f"/proc/{pid}/limits", encoding="ascii") as limits:
                [line] = [line for line in limits if line.startswith("Max core file size")]
            if line.split()[4:6] != ["0", "0"]:
                trouble = f"core dumps are on: {line}"
        else:
            trouble = f"what is {act!r}?"
    while more():
        pass
    sys.stdout.buffer.write(shown.replace(b"\r\n", b"\n"))
    sys.stdout.flush()
    ended = os.waitpid(pid, 0)[1]
    if trouble:
        sys.exit(trouble)
    code = os.waitstatus_to_exitcode(ended)
    sys.exit(128 - code if code < 0 else code)


main()
