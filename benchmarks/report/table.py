"""The table of a run: every rate beside COPY and beside its goal."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median
from typing import NamedTuple

from benchmarks.measuring.measurement import ROUNDS, Measured
from benchmarks.report.machine import Surroundings

_HEADINGS = (
    "scenario", "what", "calls/s", "rounds", "of COPY", "goal", "p50 ms", "p99 ms",
    "CPU s/1k: collector + Postgres", "peak RSS MiB", "client CPU", "calls a group",
)  # fmt: skip

_READING = f"""\
- calls/s: calls that are durable and acknowledged, median of {ROUNDS} rounds of one run; *rounds*
  are the slowest and the fastest. After each scenario calls, rollups and totals held exactly what
  was sent.
- COPY: ready binary rows of the same calls into the same keyed partitions, one connection.
- p50, p99: from when a request was due until it was acknowledged.
- CPU s/1k: seconds of one core for 1,000 calls. Peak RSS: all collector processes summed, pages
  they share counted for each. Client CPU: share of one core; senders, collector and Postgres share
  the cores.
- Goals on such a machine with everything on: CPU at most 0.04 s for 1,000 spans; 4 senders
  p50 at most 50 ms and p99 at most 150 ms; memory at most 300 MiB; the rates are in the table."""


class Run(NamedTuple):
    """Everything one run of the benchmark measured."""

    surroundings: Surroundings
    measured: Sequence[Measured]
    copy_rates: Sequence[float]
    peers: Sequence[tuple[str, str]] = ()
    """Name of another product and what was measured of it in the same run."""

    @property
    def copy_rate(self) -> float:
        """Median of all rounds of COPY."""
        return median(self.copy_rates)


def table_of(run: Run) -> str:
    """The run as Markdown that is also readable as it stands."""
    rows = [_HEADINGS, *(_row(measured, run.copy_rate) for measured in run.measured)]
    rates = f"{min(run.copy_rates):,.0f} to {max(run.copy_rates):,.0f}"
    copied = ("COPY", "into the same keyed partitions", f"{run.copy_rate:,.0f}", rates, "100 %")
    rows.append(copied + ("",) * (len(_HEADINGS) - len(copied)))
    parts = ["  \n".join(run.surroundings.lines()), aligned(rows), _READING]
    bursts = [measured for measured in run.measured if measured.lag_p99_ms > measured.p99_ms]
    parts += [
        f"{m.scenario}: from the oldest call of a request until it was acknowledged"
        f" p99 {m.lag_p99_ms:.0f} ms, at most {m.lag_max_ms:.0f} ms"
        " (its exporter waits up to 100 ms of it)."
        for m in bursts
    ]
    parts += [f"{name}: {figures}" for name, figures in run.peers]
    return "\n\n".join(parts) + "\n"


def _row(measured: Measured, copy_rate: float) -> tuple[str, ...]:
    rounds = measured.calls_per_second_by_round
    return (
        measured.scenario,
        measured.what,
        f"{measured.calls_per_second:,.0f}",
        f"{min(rounds):,.0f} to {max(rounds):,.0f}",
        f"{measured.calls_per_second / copy_rate:.1%}".replace("%", " %"),
        measured.goal,
        _ms(measured.p50_ms),
        _ms(measured.p99_ms),
        f"{measured.collector_cpu_seconds_per_1k:.3f} + {measured.postgres_cpu_seconds_per_1k:.3f}",
        f"{measured.collector_peak_rss_mib:.0f} in {measured.collector_processes}",
        f"{measured.client_cpu_share:.0%}".replace("%", " %"),
        f"{measured.booked_calls / max(1, measured.rollup_groups):,.1f}",
    )


def _ms(milliseconds: float) -> str:
    return f"{milliseconds:.{0 if milliseconds >= 10 else 1}f}"


def aligned(rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table; the first row is its heading, figures stand to the right."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    to_right = [all(map(_is_figure, column[1:])) for column in zip(*rows, strict=True)]
    lines = [
        "| "
        + " | ".join(
            cell.rjust(width) if right else cell.ljust(width)
            for cell, width, right in zip(row, widths, to_right, strict=True)
        )
        + " |"
        for row in rows
    ]
    rule = "|".join(
        "-" * (width + 1) + (":" if right else "-")
        for width, right in zip(widths, to_right, strict=True)
    )
    return "\n".join([lines[0], f"|{rule}|", *lines[1:]])


def _is_figure(cell: str) -> bool:
    return not cell or cell[0].isdigit()
