"""Draws the growth with gnuplot: a column for each curve, a row for each cost."""

import math
import subprocess

from world import Broken

COSTS = [("wall", "time, ms", 1), ("cpu", "processor time, ms", 1), ("peak", "peak memory, MiB", 1024)]
# told apart without colours too; the same program looks the same in every picture
STYLES = {"backup-notify": ("#0060b0", 7), "msmtp": ("#d06000", 5), "curl": ("#208040", 9)}
OTHER = ("#9040a0", 11)  # a second way to call backup-notify in the same picture
WIDTH, HEIGHT = 1120, 780
# columns and rows share their scales, so only the outer ones are labelled
LAYOUT = "margins 0.065,0.985,0.065,0.9 spacing 0.035,0.03"


def styles(programs):
    found, used = {}, set()
    for program in programs:
        style = next(style for name, style in STYLES.items() if program.startswith(name))
        found[program] = OTHER if style in used else style
        used.add(style)
    return found


def decades(values):
    """The powers of ten around these."""
    low = math.floor(math.log10(min(values)))
    high = max(low + 1, math.ceil(math.log10(max(values))))
    return f"[{10.0**low}:{10.0**high}]"


def picture(points, cost, row, column, span):
    name, label, scale = cost
    curve = points[0].curve
    programs = list(dict.fromkeys(one.program for one in points))
    script, lines = [], []
    for number, (program, (colour, mark)) in enumerate(styles(programs).items()):
        rows = [f"{one.count} {getattr(one, name) / scale}" for one in points if one.program == program]
        script += [f"$d{number} << EOD", *rows, "EOD"]
        lines.append(f"$d{number} with linespoints lw 2 pt {mark} ps 1 lc rgb '{colour}' title '{program}'")
    first, last = row == 0, row == len(COSTS) - 1
    script += [
        "set key above left Left reverse maxrows 3 samplen 3" if first else "unset key",
        # gnuplot's prefixes: 1k, 10k, 1M
        f"set format x '{'%.0s%c' if last else ''}'",
        f"set xlabel '{curve if last else ''}'",
        f"set format y '{'%.0s%c' if column == 0 else ''}'",
        f"set ylabel '{label if column == 0 else ''}' offset 0.5",
        f"set xrange {decades([one.count for one in points])}",
        f"set yrange {span}",
        "plot " + ", ".join(lines),
    ]
    return script


def draw(world, points, path):
    curves = list(dict.fromkeys(one.curve for one in points))
    script = [
        f"set terminal pngcairo size {WIDTH},{HEIGHT} font 'sans,10'",
        f"set output '{path}'",
        "set logscale xy",
        "set grid lt 1 lw 1 lc rgb '#d0d0d0'",
        f"set multiplot layout {len(COSTS)},{len(curves)} {LAYOUT}",
    ]
    for row, cost in enumerate(COSTS):
        span = decades([getattr(one, cost[0]) / cost[2] for one in points])
        for column, curve in enumerate(curves):
            script += picture([one for one in points if one.curve == curve], cost, row, column, span)
    done = subprocess.run(
        ["gnuplot"], input="\n".join(script).encode(), env=world.environment, capture_output=True, check=False
    )
    if done.returncode:
        raise Broken(f"gnuplot: {done.stderr.decode(errors='replace')}")
