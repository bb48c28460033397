"""Runs a program and says how much memory it took at most.

    peak.py FILE PROGRAM [ARGUMENT...]

Writes the number of bytes to FILE and ends with the program's exit code.
"""

import os
import sys


def main(file, *command):
    child = os.posix_spawn(command[0], command, os.environ)
    _, status, usage = os.wait4(child, 0)
    unit = 1 if sys.platform == "darwin" else 1024
    with open(file, "w") as report:
        report.write(str(usage.ru_maxrss * unit))
    sys.exit(os.waitstatus_to_exitcode(status))


if __name__ == "__main__":
    main(*sys.argv[1:])
