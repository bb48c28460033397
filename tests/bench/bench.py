"""The driver of tests/bench/run, which builds what it needs and calls it inside namespaces of its own."""

import argparse
import dataclasses
import json
import os
import pathlib
import sys
import time

import cases
import counters
import growth
import plot
import smoke
import targets
from world import Broken, World, say

PARTS = ["table", "counters", "growth"]


def arguments():
    given = argparse.ArgumentParser(description=__doc__)
    given.add_argument("--folder", required=True, help="where everything is made")
    given.add_argument("--results", required=True, type=pathlib.Path, help="where results are kept")
    given.add_argument("--binary", required=True)
    given.add_argument("--vendored", help="a binary with OpenSSL in it, to be counted too")
    given.add_argument("--build-seconds", type=float, help="what `cargo build` took")
    given.add_argument("--private", action="store_true", help="the namespaces are our own")
    given.add_argument("--quick", action="store_true")
    given.add_argument("--only", action="append", choices=[*PARTS, "smoke"], default=[])
    return given.parse_args()


def keep(results, name, text):
    """Keeps a result, and prints it."""
    print(f"\n{text}", flush=True)
    (results / name).write_text(f"{text}\n", encoding="utf-8")


def table(world, given):
    measured = cases.Table(world, 3 if given.quick else None)
    measured.run(list(cases.all_cases()))
    keep(given.results, "table.txt", "\n".join(cases.lines(measured.rows)))
    rows = [
        {"case": dataclasses.asdict(case), "program": name, **dataclasses.asdict(row)}
        for (case, name), row in measured.rows.items()
    ]
    (given.results / "table.json").write_text(json.dumps(rows, indent=1), encoding="utf-8")
    return measured


def main():
    given = arguments()
    parts = given.only or PARTS
    begun = time.monotonic()
    world = World(given.folder, given.binary, given.private)
    if given.private:
        world.run("ip", "link", "set", "lo", "up")
    if "smoke" in parts:
        return smoke.run(world)
    given.results.mkdir(parents=True, exist_ok=True)
    measured = table(world, given) if "table" in parts else None
    rows = measured.rows if measured else {}
    counts = counters.run(world, given.vendored) if "counters" in parts else {}
    if counts:
        keep(given.results, "counters.txt", "\n".join(counters.lines(counts, world.binary)))
    if "growth" in parts:
        points = growth.run_all(world, growth.Extent(times=3) if given.quick else growth.Extent())
        keep(given.results, "growth.csv", "\n".join(growth.lines(points)))
        plot.draw(world, points, given.results / "growth.png")
        say(f"the plot is {given.results / 'growth.png'}")
    size = os.path.getsize(world.binary)
    found = targets.Targets(rows, counts, size, given.build_seconds)
    keep(given.results, "targets.txt", "\n".join(found.lines()))
    say(f"all of it took {time.monotonic() - begun:.0f} s")
    return 1 if measured and measured.broken else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except Broken as why:
        say(why)
        sys.exit(1)
