"""``connector drivers list`` at work."""

from __future__ import annotations

from typing import Any

import click

from connector.cli.options import in_words, print_json, print_table
from device_drivers import registry

FAILED = 1


def list_drivers(json_output: bool) -> None:
    records = registry.records()
    if json_output:
        print_json([_as_json(record) for record in records])
    else:
        print_table(("name", "status", "label", "can at least"), [_row(record) for record in records])
    raise click.exceptions.Exit(FAILED if any(record.status == "failed" for record in records) else 0)


def _row(record: registry.DriverRecord) -> tuple[str, str, str, str]:
    if record.plug is None:
        return record.name, record.status, record.reason, "-"
    manifest = record.plug.manifest
    return record.name, record.status, manifest.label, in_words(tuple(sorted(manifest.facts.words)))


def _as_json(record: registry.DriverRecord) -> dict[str, Any]:
    manifest = record.plug.manifest if record.plug else None
    return {
        "name": record.name,
        "status": record.status,
        "reason": record.reason or None,
        "label": manifest.label if manifest else None,
        "can": sorted(manifest.facts.words) if manifest else None,
        "options": dict(manifest.options) if manifest else None,
        "default_port": manifest.default_port if manifest else None,
        "tried_on": manifest.status if manifest else None,
    }
