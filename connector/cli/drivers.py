"""``connector drivers``: what drivers are installed, and whether one keeps the contract."""

from __future__ import annotations

import asyncio
from typing import Annotated, Any, NoReturn

import typer

from connector.cli.options import JsonOption, in_words, print_json, print_table
from device_drivers import registry
from device_drivers.api import DriverPlug
from device_drivers.testing.conformance import CHECKS, Check, Outcome, run

FAILED = 1
BAD_INPUT = 2

app = typer.Typer(no_args_is_help=True, help="Drivers of room systems: list them, check one against the contract.")

_MARKS = {"ok": "ok", "failed": "FAILED", "not_declared": "not declared"}


@app.command("list")
def list_drivers(json_output: JsonOption = False) -> None:
    """List the installed drivers. Exit 1 when one cannot be loaded."""
    records = registry.records()
    if json_output:
        print_json([_as_json(record) for record in records])
    else:
        print_table(("name", "status", "label", "can at least"), [_row(record) for record in records])
    raise typer.Exit(FAILED if any(record.status == "failed" for record in records) else 0)


@app.command("conform")
def conform(
    name: Annotated[str, typer.Argument(help="The driver's name, as in the device_type column.")],
    only: Annotated[list[str] | None, typer.Option("--check", help="Run this check only; may be repeated.")] = None,
    json_output: JsonOption = False,
) -> None:
    """Run the conformance suite on a driver with its own simulator. Exit 1 when a check fails."""
    plug = _plug(name)
    checks = [_named(word) for word in only] if only else list(CHECKS)
    outcomes = asyncio.run(_run(plug, checks, quiet=json_output))
    failed = sum(outcome.status == "failed" for outcome in outcomes)
    if json_output:
        print_json([_outcome_json(outcome) for outcome in outcomes])
    else:
        kept = sum(outcome.status == "ok" for outcome in outcomes)
        typer.echo(f"{name}: {kept} ok, {failed} failed, {len(outcomes) - kept - failed} not declared by the unit.")
    raise typer.Exit(FAILED if failed else 0)


async def _run(plug: DriverPlug, checks: list[Check], *, quiet: bool) -> list[Outcome]:
    outcomes = []
    for check in checks:
        outcome = await run(plug, check)
        outcomes.append(outcome)
        if not quiet:
            typer.echo(f"{_MARKS[outcome.status]:<13} {check.name}: {outcome.reason or check.sentence}")
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
    typer.echo(sentence, err=True)
    raise typer.Exit(BAD_INPUT)


def _row(record: registry.DriverRecord) -> tuple[str, str, str, str]:
    if record.plug is None:
        return record.name, record.status, record.reason, "-"
    manifest = record.plug.manifest
    return record.name, record.status, manifest.label, in_words(tuple(sorted(manifest.capabilities)))


def _as_json(record: registry.DriverRecord) -> dict[str, Any]:
    manifest = record.plug.manifest if record.plug else None
    return {
        "name": record.name,
        "status": record.status,
        "reason": record.reason or None,
        "label": manifest.label if manifest else None,
        "delivery": manifest.delivery if manifest else None,
        "capabilities": sorted(manifest.capabilities) if manifest else None,
        "options": dict(manifest.options) if manifest else None,
        "default_port": manifest.default_port if manifest else None,
        "tried_on": manifest.status if manifest else None,
    }


def _outcome_json(outcome: Outcome) -> dict[str, str | None]:
    return {
        "check": outcome.check.name,
        "status": outcome.status,
        "reason": outcome.reason or None,
        "sentence": outcome.check.sentence,
    }
