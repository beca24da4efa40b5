"""`tollbook prices catalog`: where the catalog's prices come from."""

from __future__ import annotations

import click

from collector.commands.listing import print_rows
from collector.commands.surroundings import ledger, settings_and_logs
from collector.counted import counted
from collector.jobs.catalog_refresh import fetch_catalog
from ledger.access.principals import LOCAL_OPERATOR
from ledger.commands.catalog import FAILED
from ledger.domain.errors import InvalidSetting
from ledger.pricing.catalog import LIBRARY
from ledger.pricing.snapshots import number_of_models
from ledger.queries.pricing.catalog import kept_catalogs, refresh_counts
from ledger.queries.reader import Reader

_CATALOGS = {
    "confirmed_at": "last served (UTC)",
    "fetched_at": "first fetched (UTC)",
    "models": "models",
    "library": "read by",
    "source": "source",
}
_REFRESHES = {
    "result": "result",
    "refreshes": "times",
    "last_at": "last (UTC)",
    "detail": "then",
}


@click.command("catalog")
@click.option("--refresh", is_flag=True, help="Fetch it now.")
def catalog_command(*, refresh: bool) -> None:
    """Show the price catalogs that were fetched; calls are priced by the first."""
    settings = settings_and_logs()
    if refresh and not settings.catalog_url:
        raise InvalidSetting("TOLLBOOK_CATALOG_URL is empty: no catalog is ever fetched")
    with ledger(settings) as database:
        fetched = fetch_catalog(database, settings.catalog_url) if refresh else None
        reader = Reader(database, LOCAL_OPERATOR)
        catalogs, refreshes = kept_catalogs(reader), refresh_counts(reader)
    click.echo(f"{LIBRARY} brings {number_of_models()} models along.")
    print_rows(counted(len(catalogs), "fetched catalog"), catalogs, _CATALOGS)
    print_rows("refreshes", [one._asdict() for one in refreshes], _REFRESHES)
    if fetched is not None and fetched.result == FAILED:
        raise click.ClickException(fetched.detail)
