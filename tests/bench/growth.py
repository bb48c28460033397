"""How cost grows: with recipients, with the size of the message, with what waits, with the accounts of Mail."""

import dataclasses
import shutil
import statistics
import subprocess
import sys

import messages
from programs import PASSWORD, SENDER, Call, Job, Message, addresses, backup_notify, curl, msmtp, run, task_for
from server import Server
from waiting import make_outbox, small_message
from world import HERE, private_file, say

# a loop of another program takes as long as it has messages
LOOP_MOST = 100


@dataclasses.dataclass
class Extent:
    """How far it goes, and how often each point is measured."""

    recipients: tuple = (1, 3, 10, 30, 100, 300, 1000)
    sizes: tuple = (1_000, 10_000, 100_000, 1_000_000, 10_000_000, 100_000_000)
    waiting: tuple = (1, 10, 100, 1000, 10_000)
    accounts: tuple = (1, 10, 100, 1000, 10_000)
    times: int = 7

    def of(self, milliseconds):
        """What takes seconds has less noise."""
        return self.times if milliseconds < 1000 else min(self.times, 3)


@dataclasses.dataclass
class Point:
    curve: str
    program: str
    count: int
    wall: float
    cpu: float
    peak: float


class Growth:
    def __init__(self, world, extent):
        self.world = world
        self.extent = extent
        self.points = []
        self.server = Server(world, quick=True)

    def add(self, curve, count, sends):
        """Measures each of these, in turns; a send is a name and what runs it once."""
        costs = {name: [send()] for name, send in sends.items()}
        slowest = max(first.wall for first, in costs.values())
        for _ in range(self.extent.of(slowest) - 1):
            for name, send in sends.items():
                costs[name].append(send())
        for name, several in costs.items():
            middle = {key: statistics.median(getattr(cost, key) for cost in several) for key in ("wall", "cpu", "peak")}
            self.points.append(Point(curve, name, count, **middle))

    def job(self, message, recipients=1):
        return Job("implicit", "ca", self.world.host, self.server.tls_port, addresses(recipients), message)

    def sends(self, programs, job):
        calls = {name: program(self.world, job) for name, program in programs.items()}
        return {name: lambda call=call: run(self.world, self.server, call, job)[0] for name, call in calls.items()}

    def recipients(self):
        programs = {"backup-notify notify": backup_notify, "msmtp": msmtp, "curl": curl}
        for count in self.extent.recipients:
            job = self.job(messages.made_by_notify(self.world, count), count)
            self.add("recipients", count, self.sends(programs, job))

    def sizes(self):
        programs = {"backup-notify outbox send": backup_notify, "msmtp": msmtp, "curl": curl}
        for size in self.extent.sizes:
            job = self.job(messages.of_size(self.world, size))
            self.add("message bytes", size, self.sends(programs, job))
            job.message.crlf.unlink()
            job.message.lf.unlink()

    def waiting(self):
        for count in self.extent.waiting:
            job = self.job(None)
            folder = self.world.fresh("waiting")
            task = task_for(self.world, job, outbox={"folder": str(folder), "max_count": 1_000_000})

            def fill(folder=folder, task=task, count=count, job=job):
                shutil.rmtree(folder, ignore_errors=True)
                make_outbox(folder, task, job.recipients, [small_message(6000)] * count)

            ours = [self.world.binary, "outbox", "send", "--deadline", "1h", "--outbox", str(folder)]
            calls = {"backup-notify outbox send": Call(ours, prepare=fill)}
            if count <= LOOP_MOST:
                calls["msmtp, once for each"] = self.loop(msmtp, job, folder, fill, '<"$mail"')
                calls["curl, once for each"] = self.loop(curl, job, folder, fill)
            sends = {
                name: lambda call=call, job=job, count=count: run(self.world, self.server, call, job, count)[0]
                for name, call in calls.items()
            }
            self.add("messages waiting", count, sends)
            shutil.rmtree(folder)

    def loop(self, program, job, folder, fill, feed=""):
        """Calls a program for each message of an outbox, and removes the message when that has ended well."""
        job = dataclasses.replace(job, message=Message("outbox", "MAIL", None))
        call = program(self.world, job)
        words = ['"$mail"' if word == "MAIL" else f"'{word}'" for word in call.command]
        each = f'{" ".join(words)} {feed} && rm "$mail" "${{mail%.eml}}.json" || exit 1'
        return Call(["/bin/sh", "-c", f"cd '{folder}' && for mail in *.eml; do {each}; done"], prepare=fill)

    def accounts(self):
        """Property lists of Mail with so many accounts; the one that is sent with is the last of them."""
        server = Server(self.world, quick=True, port=587) if self.world.private else None
        for count in self.extent.accounts:
            home = self.world.fresh("mail")
            home.mkdir(mode=0o700)
            generate = [sys.executable, "-B", str(HERE.parent / "mail_homes/generate.py"), str(home)]
            subprocess.run([*generate, "many", str(count), "xml"], check=True)
            home = home / "many"
            listing = [self.world.binary, "accounts", "--mail-home", str(home)]
            sends = {"backup-notify accounts": lambda command=listing: self.world.measure(command)}
            if server:
                sends |= self.with_the_last(server, home, count)
            self.add("accounts", count, sends)
            shutil.rmtree(home)
        if server:
            server.stop()

    def with_the_last(self, server, home, count):
        host, user = f"smtp-{count - 1:05}.example.com", f"user-{count - 1:05}"
        self.world.add_host(host)
        message = messages.made_by_notify(self.world, 1)
        job = Job("starttls", "ca", host, 587, addresses(1), message, f"{host}:{user}", home)
        settings = self.world.fresh("msmtprc")
        private_file(settings, "\n".join(msmtp_account(self.world, number) for number in range(count)))
        command = ["msmtp", "-C", str(settings), "-a", f"account-{count - 1}", "--", *job.recipients]
        calls = {"backup-notify notify": backup_notify(self.world, job), "msmtp": Call(command, message.lf)}
        return {name: lambda call=call: run(self.world, server, call, job)[0] for name, call in calls.items()}


def msmtp_account(world, number):
    lines = [f"account account-{number}", f"host smtp-{number:05}.example.com", "port 587", f"from {SENDER}"]
    lines += ["auth plain", f"user user-{number:05}", f"password {PASSWORD}", "tls on", f"tls_trust_file {world.ca}"]
    return "\n".join(lines) + "\n"


def run_all(world, extent):
    growth = Growth(world, extent)
    for curve in (growth.recipients, growth.sizes, growth.waiting, growth.accounts):
        say(f"growth: {curve.__name__}")
        curve()
    growth.server.stop()
    return growth.points


def lines(points):
    yield "curve,program,count,wall ms,cpu ms,peak KiB"
    for one in points:
        yield f'{one.curve},"{one.program}",{one.count},{one.wall:.2f},{one.cpu:.2f},{one.peak:.0f}'
