"""Reserve and settle over HTTP, by connections that each do one pair after the other."""

from __future__ import annotations

import asyncio
import multiprocessing
import random
import time
from multiprocessing.connection import Connection
from urllib.parse import urlsplit

import msgspec

from benchmarks.reservations.ledgers import set_budgets, tenant
from benchmarks.reservations.timing import Timed, summed
from tests.servers.collectors import collecting

_MODEL = "gpt-4o-mini"


def measure_pairs(
    url: str, *, budgets: int, connections: int, seconds: float, with_history: bool = False
) -> Timed:
    """Pairs of a reservation and its settlement, spread over budgets at random."""
    set_budgets(url, budgets, with_history=with_history)
    with collecting(url) as collector:
        ours, theirs = multiprocessing.get_context("spawn").Pipe()
        client = multiprocessing.get_context("spawn").Process(
            target=_clients, args=(theirs, collector.url, budgets, connections, seconds)
        )
        client.start()
        took, lasted = ours.recv()
        client.join()
    return summed(took, lasted)


def _clients(pipe: Connection, url: str, budgets: int, connections: int, seconds: float) -> None:
    pipe.send(asyncio.run(_run(url, budgets, connections, seconds)))


async def _run(
    url: str, budgets: int, connections: int, seconds: float
) -> tuple[list[float], float]:
    split = urlsplit(url)
    took: list[float] = []
    lines = [await asyncio.open_connection(split.hostname, split.port) for _ in range(connections)]
    # The processes get to know the budgets before the clock runs.
    for reader, writer in lines:
        await _pair(reader, writer, 0)
    began = time.monotonic()
    await asyncio.gather(
        *(_client(reader, writer, budgets, began + seconds, took) for reader, writer in lines)
    )
    return took, time.monotonic() - began


async def _client(
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
    budgets: int,
    until: float,
    took: list[float],
) -> None:
    while (began := time.monotonic()) < until:
        await _pair(reader, writer, random.randrange(budgets))
        took.append(time.monotonic() - began)


async def _pair(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, budget: int) -> None:
    wanted = {"tenant": tenant(budget), "model": _MODEL, "amount_usd": "0.01"}
    held = await _post(reader, writer, "/v1/reservations", wanted)
    path = f"/v1/reservations/{held['reservation_id']}/settle"
    await _post(reader, writer, path, {"amount_usd": "0.004"})


async def _post(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, path: str, body: object
) -> dict[str, object]:
    content = msgspec.json.encode(body)
    head = f"POST {path} HTTP/1.1\r\nhost: tollbook\r\ncontent-length: {len(content)}\r\n\r\n"
    writer.write(head.encode() + content)
    answer = await reader.readuntil(b"\r\n\r\n")
    length = int(answer.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
    document = await reader.readexactly(length)
    if not answer.startswith(b"HTTP/1.1 200"):
        raise RuntimeError(f"{answer!r} {document!r}")
    answered: dict[str, object] = msgspec.json.decode(document)
    return answered
