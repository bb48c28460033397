"""What must show: each target, what was measured, and whether it was met. Nothing fails by it."""

import dataclasses

from cases import Case


@dataclasses.dataclass
class Target:
    what: str
    most: float
    measured: float = None
    unit: str = "x"

    def line(self):
        verdict = "ok" if self.measured <= self.most else "NOT MET"
        return f"  {self.what:74} at most {self.most:g}{self.unit}: {self.measured:.4g}{self.unit}  {verdict}"


class Targets:
    def __init__(self, rows, counts, size, seconds):
        self.rows = rows
        self.counts = counts
        self.size = size
        self.seconds = seconds

    def own(self, case, field, scale=1):
        row = self.rows.get((case, "backup-notify"))
        return getattr(row, field) / scale if row else None

    def ratio(self, case, field):
        base = self.rows.get((case, "msmtp"))
        return self.own(case, field) / getattr(base, field) if base else None

    def million(self, name):
        return self.counts[name].instructions / 1e6 if name in self.counts else None

    def round_trips(self):
        for tls, with_chunking, without in (("implicit", 6, 7), ("starttls", 8, 9)):
            for recipients in (1, 100):
                for chunking, most in ((True, with_chunking), (False, without)):
                    case = Case("loopback", tls, "ca", recipients, chunking=chunking)
                    yield Target(f"round trips: {case.title()}", most, self.own(case, "round_trips"), "")

    def compared(self):
        for tls, most in (("implicit", 0.55), ("starttls", 0.62)):
            case = Case("far", tls, "ca")
            yield Target(f"wall: {case.title()}", most, self.ratio(case, "wall"))
        for tls in ("implicit", "starttls"):
            near, once = Case("loopback", tls, "ca"), Case("at once", tls, "ca")
            yield Target(f"wall: {near.title()}", 0.15, self.ratio(near, "wall"))
            yield Target(f"wall: {once.title()}", 0.95, self.ratio(once, "wall"))
            yield Target(f"CPU: {near.title()}", 0.95, self.ratio(near, "cpu"))
            yield Target(f"peak memory: {near.title()}", 0.95, self.ratio(near, "peak"))
            case = Case("loopback", tls, "system")
            yield Target(f"CPU: {case.title()}", 0.40, self.ratio(case, "cpu"))

    def instructions(self):
        yield Target("instructions: silent notify", 4.6, self.million("silent notify"), " M")
        vendored = self.million("silent notify (vendored)")
        yield Target("instructions: silent notify, vendored", 1.8, vendored, " M")
        for trust, most in (("ca", 28), ("system", 26)):
            case = Case("loopback", "implicit", trust)
            yield Target(f"instructions: {case.title()}", most, self.own(case, "instructions", 1e6), " M")

    def large(self):
        for tls, trust in (("none", "none"), ("starttls", "ca"), ("implicit", "ca")):
            case = Case("loopback", tls, trust, size="10 MB")
            yield Target(f"wall: {case.title()}", 1, self.ratio(case, "wall"))
            yield Target(f"CPU: {case.title()}", 1, self.ratio(case, "cpu"))
            yield Target(f"peak memory: {case.title()}", 48, self.own(case, "peak", 1024), " MiB")

    def lines(self):
        targets = [*self.round_trips(), *self.compared(), *self.instructions(), *self.large()]
        targets.append(Target("release binary", 5, self.size / 1e6, " MB"))
        targets.append(Target("cargo build from nothing (--build)", 240, self.seconds, " s"))
        yield "Must show"
        yield from (target.line() for target in targets if target.measured is not None)
        unknown = [target.what for target in targets if target.measured is None]
        if unknown:
            yield f"  not measured: {len(unknown)} more, among them {unknown[0]}"
