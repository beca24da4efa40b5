"""Deciding many commands about reservations together: one transaction, each account locked once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from uuid import UUID

from ledger.commands.reservations.applying import apply
from ledger.commands.reservations.locking import AccountsMade, Driver, Locked, holds_of, lock
from ledger.commands.reservations.standings import look_for_expiries, standings_of
from ledger.commands.reservations.writing import write_changes
from ledger.domain.budgets.budget import Bucket
from ledger.domain.budgets.known import KnownBudgets
from ledger.domain.reservations.commands import Answer, Command, Expire, Record, Reserve
from ledger.domain.reservations.moment import Moment
from ledger.domain.reservations.standing import Standing
from ledger.storage.database import Database, driver_connection


class BudgetsChanged(Exception):
    """Budgets were made or changed since those that are known here were read."""


class HoldsExpired(Exception):
    """Holds are in the way whose time is up; they are to be given back first."""

    def __init__(self, due: set[UUID]) -> None:
        super().__init__(f"{len(due)} reservations expired")
        self.due = due


class Group:
    """Commands that are decided in one transaction, in their order."""

    def __init__(
        self, commands: Sequence[Command], known: KnownBudgets, expiring: Iterable[UUID] = ()
    ) -> None:
        """Before anything else the `expiring` are given back whose time is up."""
        self._commands = commands
        self._known = known
        self._expiring = list(expiring)
        self._buckets = [_buckets(command, known) for command in commands]
        self._ids = {id_ for command in commands if (id_ := _known_id(command)) is not None}
        self._ids.update(self._expiring)

    def decide(
        self, database: Database, made: AccountsMade, *, deadline_seconds: float | None = None
    ) -> list[Answer]:
        """Decide all, and write it down; the answers come in the order of the commands.

        Raises BudgetsChanged, HoldsExpired or Overtaken: then nothing happened and it is to be done
        again. Raises LedgerUnavailable, after which it is not known what happened.
        """
        with database.transaction(
            "tollbook_ingest", deadline_seconds=deadline_seconds
        ) as connection:
            driver = driver_connection(connection)
            holds = holds_of(driver, self._ids) if self._ids else {}
            reserved_in = {bucket for buckets in self._buckets for bucket in buckets}
            held_in = {bucket for of_one in holds.values() for bucket in of_one}
            locked_in = reserved_in | held_in
            locked = lock(driver, locked_in, made.missing(locked_in), self._ids, holds)
            moment = self._moment(driver, locked, reserved_in)
            for one in self._expiring:
                apply(moment, Expire(one), ())
            answers = [
                apply(moment, command, buckets)
                for command, buckets in zip(self._commands, self._buckets, strict=True)
            ]
            write_changes(driver, moment)
        made.note(locked_in)
        return answers

    def _moment(self, driver: Driver, locked: Locked, buckets: set[Bucket]) -> Moment:
        standings: Mapping[Bucket, Standing] = {}
        holds_anew = any(isinstance(command, Reserve | Record) for command in self._commands)
        if holds_anew and locked.budgets_version != self._known.version:
            raise BudgetsChanged
        if buckets:
            standings = standings_of(driver, self._known.by_id, buckets, locked.now)
            tight = self._tight(standings, locked)
            if tight:
                due = look_for_expiries(driver, tight, locked.now)
                if due and not self._expiring:
                    raise HoldsExpired(due)
        return Moment(locked.now, standings, locked.reservations)

    def _tight(self, standings: Mapping[Bucket, Standing], locked: Locked) -> list[Standing]:
        """Accounts in which not all that is wanted of them may fit."""
        wanted = dict.fromkeys(standings, 0)
        for command, buckets in zip(self._commands, self._buckets, strict=True):
            if isinstance(command, Reserve):
                for bucket in buckets:
                    quantity = command.amount.known()
                    wanted[bucket] += standings[bucket].budget.unit_of(*quantity) or 1
        return [one for one in standings.values() if one.is_tight(wanted[one.bucket], locked.now)]


def _buckets(command: Command, known: KnownBudgets) -> list[Bucket]:
    """The accounts that a reservation has to hold in: of budgets that refuse at all."""
    if not isinstance(command, Reserve | Record):
        return []
    return holding_buckets(known, known.buckets_of(command.call))


def holding_buckets(known: KnownBudgets, buckets: Iterable[Bucket]) -> list[Bucket]:
    """Accounts without those of budgets that only notify, which nothing has to wait for."""
    return [one for one in buckets if known.by_id[one.budget_id].action != "notify"]


def _known_id(command: Command) -> UUID | None:
    """The reservation that a command is about if it may be there already."""
    if isinstance(command, Reserve) and not command.may_exist:
        return None
    return command.reservation_id
