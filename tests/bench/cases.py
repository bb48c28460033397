"""The table: which ways to send are measured, and how."""

import dataclasses
import statistics

import messages
from programs import PROGRAMS, Job, addresses, run
from server import Link, Server
from world import FAR_HOST, Broken, say

DELAY = 50  # milliseconds, each way
# longer than a client takes from one command to the next when it does not wait
LINGER = 100
COUNTED = 2

LINKS = {"loopback": "", "at once": ", acknowledged at once", "far": f", {2 * DELAY} ms away"}
MODES = {"none": "no TLS", "starttls": "STARTTLS", "implicit": "implicit TLS"}
TRUSTS = {"none": "", "ca": ", own CA", "pin": ", pinned", "system": ", system trust"}


@dataclasses.dataclass(frozen=True)
class Case:
    link: str
    tls: str
    trust: str
    recipients: int = 1
    size: str = "3 kB"
    chunking: bool = True

    def title(self):
        ways = MODES[self.tls] + TRUSTS[self.trust] + LINKS[self.link]
        return f"{ways}, {self.recipients} x {self.size}{'' if self.chunking else ', no CHUNKING'}"

    def here(self):
        """The same without the way to the server: instructions and round trips do not depend on it."""
        return dataclasses.replace(self, link="loopback")


def all_cases():
    near = [("none", "none"), ("starttls", "ca"), ("implicit", "ca")]
    for tls, trust in near:
        yield Case("loopback", tls, trust)
        yield Case("loopback", tls, trust, recipients=100)
        yield Case("loopback", tls, trust, chunking=False)
    for tls, trust in near[1:]:
        yield Case("loopback", tls, trust, recipients=100, chunking=False)
    for trust in ("pin", "system"):
        yield Case("loopback", "starttls", trust)
        yield Case("loopback", "implicit", trust)
    for tls, trust in [*near, ("implicit", "system")]:
        yield Case("at once", tls, trust)
    for tls, trust in near:
        yield Case("loopback", tls, trust, size="10 MB")
    yield Case("loopback", "implicit", "ca", size="log of 5 MiB")
    for tls, trust in near:
        yield Case("far", tls, trust)
    for tls, trust in near[1:]:
        yield Case("far", tls, trust, recipients=100)
        yield Case("far", tls, trust, chunking=False)
    yield Case("far", "implicit", "ca", size="10 MB")


def repetitions(case):
    """Medians of about 20; what takes seconds has less noise."""
    if case.size != "3 kB":
        return 5 if case.link == "far" else 7
    return 5 if case.link == "far" else 21


@dataclasses.dataclass
class Row:
    """What a program needed in one case: medians."""

    wall: float
    cpu: float
    peak: float
    octets: int
    round_trips: int = None
    flights: str = ""
    instructions: int = None


class Table:
    """Measures the cases, one after the other."""

    def __init__(self, world, repetitions=None, linger=LINGER, counted=COUNTED):
        self.world = world
        self.repetitions = repetitions
        self.linger = linger
        self.counts = counted
        self.broken = 0
        self.rows = {}
        self.counted = {}
        self.link = Link(DELAY) if world.private else None
        self.servers = {}
        self.messages = {}

    def server(self, link, chunking, linger=0):
        # while flights are counted, a client that waits for an acknowledgement must not look
        # like one that waits for an answer
        options = {"chunking": chunking, "quick": link == "at once" or bool(linger), "linger": linger}
        key = (link, chunking, linger)
        if key not in self.servers:
            place = self.link if link == "far" else None
            self.servers[key] = Server(self.world, link=place, **options)
        return self.servers[key]

    def message(self, case):
        key = (case.size, case.recipients)
        if key not in self.messages:
            if case.size == "10 MB":
                self.messages[key] = messages.of_size(self.world, 10_000_000)
            else:
                log = case.size != "3 kB"
                self.messages[key] = messages.made_by_notify(self.world, case.recipients, log)
        return self.messages[key]

    def job(self, case, server):
        port = server.tls_port if case.tls == "implicit" else server.clear_port
        host = FAR_HOST if case.link == "far" else self.world.host
        return Job(case.tls, case.trust, host, port, addresses(case.recipients), self.message(case))

    def calls(self, case, job):
        # curl and swaks know nothing of CHUNKING: without it they do the same once more
        programs = [name for name in PROGRAMS if case.chunking or name in ("backup-notify", "msmtp")]
        made = {name: PROGRAMS[name](self.world, job) for name in programs}
        return {name: call for name, call in made.items() if call}

    def count(self, case):
        """Counts round trips and instructions of a case, once: neither depends on the time."""
        if case in self.counted:
            return self.counted[case]
        server = self.server("loopback", case.chunking, self.linger)
        job = self.job(case, server)
        trips = {}
        for name, call in self.calls(case, job).items():
            # whoever is held up between two commands seems to wait: the lower number is right
            several = [run(self.world, server, call, job)[1][0] for _ in range(self.counts)]
            trips[name] = min((got["round_trips"], got["flights"]) for got in several)
        server = self.server("loopback", case.chunking)
        job = self.job(case, server)
        instructions = {}
        for name, call in self.calls(case, job).items():
            call.prepare()
            instructions[name] = self.world.instructions(call.command, call.stdin)
            server.connections(1)
        self.counted[case] = (trips, instructions)
        return self.counted[case]

    def measure(self, case):
        trips, instructions = self.count(case.here())
        server = self.server(case.link, case.chunking)
        job = self.job(case, server)
        calls = self.calls(case, job)
        costs = {name: [] for name in calls}
        octets = {}
        # taken in turns, so that what else the machine does hits all of them alike
        for _ in range(self.repetitions or repetitions(case)):
            for name, call in calls.items():
                cost, got = run(self.world, server, call, job)
                costs[name].append(cost)
                octets[name] = got[0]["in"] + got[0]["out"]
        for name, several in costs.items():
            middle = {key: statistics.median(getattr(cost, key) for cost in several) for key in ("wall", "cpu", "peak")}
            round_trips, flights = trips[name]
            self.rows[case, name] = Row(
                **middle, octets=octets[name], round_trips=round_trips, flights=flights, instructions=instructions[name]
            )

    def run(self, cases):
        for case in cases:
            say(case.title())
            try:
                self.measure(case)
            except Broken as why:
                # the others are worth having
                say(why)
                self.broken += 1
        for server in self.servers.values():
            server.stop()
        if self.link:
            self.link.stop()


FIGURES = ("wall ms", "CPU ms", "M instr.", "peak MiB")
HEAD = " " * 15 + "".join(f"{name:>10}{'':7}" for name in FIGURES) + "  trips       bytes"


def ratio(value, base):
    return f"{value / base:6.2f}x" if base else " " * 7


def lines(rows):
    """The table as text: behind each figure stands its ratio to msmtp's."""
    yield HEAD
    last = None
    for (case, name), row in rows.items():
        if case != last:
            yield f"\n{case.title()}"
            last = case
        base = rows.get((case, "msmtp"), row)
        yield (
            f"  {name:13}{row.wall:10.1f}{ratio(row.wall, base.wall)}{row.cpu:10.1f}{ratio(row.cpu, base.cpu)}"
            f"{row.instructions / 1e6:10.1f}{ratio(row.instructions, base.instructions)}"
            f"{row.peak / 1024:10.1f}{ratio(row.peak, base.peak)}{row.round_trips:7}{row.octets:12,}"
        )
