"""``connector drivers conform`` at work: the checks of the contract, run on a driver with its own simulator."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import NoReturn

import click

from connector.cli.options import print_json
from device_drivers import registry
from device_drivers.api import DriverPlug
from device_drivers.testing.conformance import CHECKS, Check, Outcome, run

FAILED = 1
BAD_INPUT = 2

_MARKS = {"ok": "ok", "failed": "FAILED", "not_declared": "not declared"}


def conform(name: str, only: Sequence[str] | None, json_output: bool) -> None:
    plug = _plug(name)
    checks = [_named(word) for word in only] if only else list(CHECKS)
    outcomes = asyncio.run(_run(plug, checks, quiet=json_output))
    failed = sum(outcome.status == "failed" for outcome in outcomes)
    if json_output:
        print_json([_outcome_json(outcome) for outcome in outcomes])
    else:
        kept = sum(outcome.status == "ok" for outcome in outcomes)
        click.echo(f"{name}: {kept} ok, {failed} failed, {len(outcomes) - kept - failed} not declared by the unit.")
    raise click.exceptions.Exit(FAILED if failed else 0)


async def _run(plug: DriverPlug, checks: list[Check], *, quiet: bool) -> list[Outcome]:
    outcomes = []
    for check in checks:
        outcome = await run(plug, check)
        outcomes.append(outcome)
        if not quiet:
            click.echo(f"{_MARKS[outcome.status]:<13} {check.name}: {outcome.reason or check.sentence}")
    return outcomes


def _plug(name: str) -> DriverPlug:
    try:
        record = registry.find(name)
    except registry.UnknownDriver as error:
        _stop(str(error))
    if record.plug is None:
        _stop(f"The driver {name} cannot be used: {record.reason}")
    return record.plug


def _named(word: str) -> Check:
    known = {check.name: check for check in CHECKS}
    if word not in known:
        _stop(f"There is no check {word!r}. {registry.nearest(word, known)}")
    return known[word]


def _stop(sentence: str) -> NoReturn:
    click.echo(sentence, err=True)
    raise click.exceptions.Exit(BAD_INPUT)


def _outcome_json(outcome: Outcome) -> dict[str, str | None]:
    return {
        "check": outcome.check.name,
        "status": outcome.status,
        "reason": outcome.reason or None,
        "sentence": outcome.check.sentence,
    }
