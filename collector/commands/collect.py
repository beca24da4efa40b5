"""`tollbook collect`: receivers, API and /metrics."""

from __future__ import annotations

import gc
import sys

import click

from alerts.notices.addresses import channels_of_setting
from collector.app import API_THREADS, Collector
from collector.commands.surroundings import ledger_url, part_of_up, settings_and_logs
from collector.health.board import Board
from collector.serving import serve_collector
from ledger.storage.database import Database

_SWITCH_SECONDS = 0.001
"""The event loop waits at most this long for a thread that decodes."""
_INGEST_CONNECTIONS = 8
"""The writer's, and those that lay what calls of new series and days need."""
_ADMISSION_CONNECTIONS = 2
_GC_THRESHOLDS = (50_000, 20, 100)
"""Decoding makes thousands of records a body, which live until they are booked and are in no
circle: with Python's own thresholds the search for circles walks through them again and again, a
tenth of the time that decoding spans takes."""


@click.command("collect")
@part_of_up
def command(is_part: bool) -> None:
    """Run the collector: receivers, API and /metrics."""
    settings = settings_and_logs()
    channels_of_setting(settings.notice_urls)  # says what is wrong before anything starts
    with ledger_url(settings, is_part=is_part) as url:
        board = Board()

        def app() -> Collector:
            connections = API_THREADS + _INGEST_CONNECTIONS + _ADMISSION_CONNECTIONS
            sys.setswitchinterval(_SWITCH_SECONDS)
            collector = Collector(Database(url, max_connections=connections), settings, board)
            _spare_garbage_collection()
            collector.start()
            return collector

        serve_collector(app, board, bind=settings.collector_bind, processes=settings.ingest_workers)


def _spare_garbage_collection() -> None:
    """What was made by now stays until the end; it need not be looked through again."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(*_GC_THRESHOLDS)
