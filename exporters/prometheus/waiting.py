"""What waits on this machine, as metrics. The readings are handed in: both are the collector's."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Protocol

from exporters.prometheus import catalogue
from exporters.prometheus.exposition import header, labels, sample


class QueueReading(Protocol):
    """What waits in the memory of a collector's processes."""

    @property
    def calls(self) -> int:
        """Calls that wait to be booked."""

    @property
    def bytes(self) -> int:
        """Size of the bodies that are not decoded yet."""


class SpoolReading(Protocol):
    """What a spool says of itself."""

    @property
    def files(self) -> int:
        """Files that wait."""

    @property
    def bytes(self) -> int:
        """Disk space taken."""

    @property
    def records_by_receiver(self) -> Mapping[str, int]:
        """Records that wait."""

    @property
    def oldest_arrived_at(self) -> datetime | None:
        """When the oldest file was written; None when none waits."""

    @property
    def damaged_files(self) -> int:
        """Files set aside because they could not be read whole."""

    @property
    def failed_files(self) -> int:
        """Files set aside because they could not be booked."""


def queue_lines(reading: QueueReading) -> Iterator[str]:
    """The metrics of the queues."""
    for metric, value in (
        (catalogue.WAITING_CALLS, reading.calls),
        (catalogue.WAITING_BYTES, reading.bytes),
    ):
        yield header(metric)
        yield sample(metric.name, "", value)


def waiting_lines(reading: SpoolReading, receivers: Iterable[str]) -> Iterator[str]:
    """The metrics of a spool; receivers of which nothing waits are shown with 0."""
    oldest = reading.oldest_arrived_at
    age = max(0.0, (datetime.now(UTC) - oldest).total_seconds()) if oldest else 0.0
    for metric, value in (
        (catalogue.SPOOL_BYTES, str(reading.bytes)),
        (catalogue.SPOOL_FILES, str(reading.files)),
        (catalogue.SPOOL_OLDEST, f"{age:.3f}"),
    ):
        yield header(metric)
        yield sample(metric.name, "", value)
    yield header(catalogue.SPOOL_SET_ASIDE)
    for reason, files in (("damaged", reading.damaged_files), ("failed", reading.failed_files)):
        text = labels(catalogue.SPOOL_SET_ASIDE.labels, (reason,))
        yield sample(catalogue.SPOOL_SET_ASIDE.name, text, files)
    yield header(catalogue.WAITING)
    for receiver in sorted({*receivers, *reading.records_by_receiver}):
        text = labels(catalogue.WAITING.labels, (receiver,))
        records = reading.records_by_receiver.get(receiver, 0)
        yield sample(catalogue.WAITING.name, text, records)
