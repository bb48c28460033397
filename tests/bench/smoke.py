"""A few seconds that show that the bench still works: each way to measure, once, on this computer."""

import cases
import counters
import growth
import plot
import targets
from world import Broken, say


def check(what, holds):
    if not holds:
        raise Broken(f"this does not hold: {what}")


def run(world):
    table = cases.Table(world, repetitions=1, linger=50, counted=1)
    case = cases.Case("loopback", "implicit", "ca")
    table.run([case])
    print("\n".join(cases.lines(table.rows)))
    check("each program was measured", len(table.rows) == len(cases.PROGRAMS) and not table.broken)
    check("everything costs something", all(all(vars(row).values()) for row in table.rows.values()))
    # on a machine that is busy they may look like more, and never like fewer
    least = {"backup-notify": 6, "msmtp": 8, "curl": 11, "swaks": 8}
    for name, trips in least.items():
        check(f"{name} waits for {trips} round trips at least", table.rows[case, name].round_trips >= trips)
    found = counters.count(world, [world.binary, "--version"])
    check("--version costs something", found.calls > found.files > 0 and found.instructions > 0)
    points = growth.run_all(world, growth.Extent([1], [1000], [1], [1], times=1))
    print("\n".join(growth.lines(points)))
    plot.draw(world, points, world.folder / "growth.png")
    print("\n".join(targets.Targets(table.rows, {"silent notify": found}, 1, None).lines()))
    say("the bench works")
    return 0
