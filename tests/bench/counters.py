"""What a call costs that sends nothing, beside an empty Rust program; and the size of the binary."""

import dataclasses
import json
import os
import subprocess

from programs import Job, Message, addresses, task_for
from server import Server
from waiting import make_outbox
from world import Broken, private_file, say

EMPTY = "fn main() {}\n"
# as in Cargo.toml
PROFILE = ["-C", "opt-level=3", "-C", "lto=fat", "-C", "codegen-units=1", "-C", "panic=abort", "-C", "strip=symbols"]


@dataclasses.dataclass
class Count:
    instructions: int
    calls: int
    files: int


def empty_program(world):
    source = private_file(world.folder / "empty.rs", EMPTY)
    binary = world.folder / "empty"
    # the toolchain is that of whoever runs the bench, home folder and all
    subprocess.run(["rustc", *PROFILE, "-o", str(binary), str(source)], check=True)
    return str(binary)


def system_calls(world, command):
    """How many there were, and how many of them opened a file that is there."""
    trace = world.fresh("trace")
    done = subprocess.run(
        ["strace", "-f", "-qq", "-o", str(trace), *command],
        env=world.environment,
        cwd=world.folder,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
    )
    if done.returncode:
        raise Broken(f"{command[0]} under strace: {done.stderr.decode(errors='replace')}")
    # one line a call; what was interrupted by another thread is resumed on a second one
    lines = trace.read_text(errors="replace").splitlines()
    lines = [line for line in lines if "(" in line and " resumed>" not in line]
    opened = [line for line in lines if ("open(" in line or "openat(" in line) and "= -1 " not in line]
    trace.unlink()
    return len(lines), len(opened)


def count(world, command):
    return Count(world.instructions(command), *system_calls(world, command))


def silent_task(world, **more):
    """A task whose e-mail is about errors alone."""
    message = Message("notify", None, None)
    job = Job("implicit", "ca", "mail.example.com", 465, addresses(1), message)
    path = task_for(world, job, **more)
    document = json.loads(path.read_text())
    document["email"]["when"] = "error"
    return str(private_file(path, json.dumps(document)))


def calls_of(binary, world):
    silent = [binary, "notify", "--exit-code", "0", "--task"]
    empty_outbox = world.fresh("empty-outbox")
    yield "silent notify", [*silent, silent_task(world)]
    make_outbox(empty_outbox, "/nowhere", [], [])
    yield "silent notify, an empty outbox", [*silent, silent_task(world, outbox=str(empty_outbox))]
    yield "--version", [binary, "--version"]
    yield "completion of an account", [binary, "accounts", "--complete", "usable"]


def usual_message(world, trust):
    """A send of the message that backup-notify makes without templates (6 kB), over implicit TLS."""
    server = Server(world)
    job = Job("implicit", trust, world.host, server.tls_port, addresses(1), Message("notify", None, None))
    path = task_for(world, job)
    document = json.loads(path.read_text())
    del document["email"]["text"], document["email"]["html"]
    private_file(path, json.dumps(document))
    found = count(world, [world.binary, "notify", "--task", str(path), "--exit-code", "1"])
    server.stop()
    return found


def run(world, vendored=None):
    """Returns the counts by name; `vendored` is a binary with OpenSSL in it."""
    say("counting what a call costs that sends nothing")
    counts = {"empty Rust program": count(world, [empty_program(world)])}
    for name, command in calls_of(world.binary, world):
        counts[name] = count(world, command)
    counts["send of its usual message, own CA"] = usual_message(world, "ca")
    if world.private:
        counts["send of its usual message, system trust"] = usual_message(world, "system")
    if vendored:
        for name, command in calls_of(vendored, world):
            counts[f"{name} (vendored)"] = count(world, command)
    return counts


def lines(counts, binary):
    yield f"{'':44}{'M instr.':>10}{'system calls':>14}{'files opened':>14}"
    for name, one in counts.items():
        yield f"{name:44}{one.instructions / 1e6:10.2f}{one.calls:14}{one.files:14}"
    yield f"{'release binary':44}{os.path.getsize(binary) / 1e6:10.2f} MB"
