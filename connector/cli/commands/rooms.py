"""``connector rooms``: what rooms.csv says, after it was checked, and what became of it."""

from __future__ import annotations

from pathlib import Path

import click

from connector.cli.options import config_option, json_option, room_argument


@click.group("rooms")
def rooms_group() -> None:
    """The rooms that this connector manages."""


@rooms_group.command("list")
@config_option
@json_option
def list_command(config: Path | None, json_output: bool) -> None:
    """One line a room: its row, its unit's state, the meeting that runs or comes next, the last push and dial, with
    times in the room's zone; "-" where nothing is known. Exit 3 when some rows of the file were refused."""
    from connector.cli.rooms import list_rooms

    list_rooms(config, json_output)


@rooms_group.command("show")
@room_argument
@config_option
@json_option
def show_command(room: str, config: Path | None, json_output: bool) -> None:
    """Everything about one room: its row, and the policy that its template gives it."""
    from connector.cli.rooms import show_room

    show_room(room, config, json_output)


@rooms_group.command("report")
@click.option("--days", type=click.IntRange(1, 35), default=7, show_default=True, help="How far back to look.")
@click.option("--all", "all_rooms", is_flag=True, help="Also rooms that have nothing to report.")
@config_option
@json_option
def report_command(days: int, all_rooms: bool, config: Path | None, json_output: bool) -> None:
    """What each room dialled in the last days: dials made, meetings missed, dials more than 5 s late, refused ones, and
    pushes that failed. Exit 3 when a meeting was missed, or some rows of the file were refused."""
    from connector.cli.rooms_report import report_rooms

    report_rooms(days, all_rooms, config, json_output)


@rooms_group.command("export")
@click.option("--output", "-o", type=click.Path(path_type=Path), help="File to write; default: standard output.")
@config_option
@json_option
def export_command(output: Path | None, config: Path | None, json_output: bool) -> None:
    """The accepted rows as a rooms.csv with all columns, which can be read in again. Calendar URLs are whole."""
    from connector.cli.rooms import export_rooms

    export_rooms(output, config, json_output)


@rooms_group.command("push")
@room_argument
@config_option
@json_option
def push_command(room: str, config: Path | None, json_output: bool) -> None:
    """Push the room's whole list now, whatever the unit acknowledged before."""
    from connector.cli.room_commands import ask_room

    ask_room("push", room, config, json_output)


@rooms_group.command("dial")
@room_argument
@config_option
@json_option
def dial_command(room: str, config: Path | None, json_output: bool) -> None:
    """Join the meeting that runs, or the next one that begins within half an hour. It is left at its end."""
    from connector.cli.room_commands import ask_room

    ask_room("dial", room, config, json_output)


@rooms_group.command("hang-up")
@room_argument
@click.option("--any", "anybodys", is_flag=True, help="Somebody else's call, too.")
@config_option
@json_option
def hang_up_command(room: str, anybodys: bool, config: Path | None, json_output: bool) -> None:
    """End the call that this connector made. The meeting is not dialled again."""
    from connector.cli.room_commands import ask_room

    ask_room("hang-up", room, config, json_output, any="yes" if anybodys else "")


@rooms_group.command("test-dial")
@room_argument
@click.argument("address")
@config_option
@json_option
def test_dial_command(room: str, address: str, config: Path | None, json_output: bool) -> None:
    """Dial ADDRESS (sip:..., h323:..., or as a unit dials it) for a minute, if the dial policy allows it."""
    from connector.cli.room_commands import test_dial

    test_dial(room, address, config, json_output)


@rooms_group.command("pause")
@room_argument
@click.option("--until", help="90m, 2h, 3d, 18:00 or 2026-12-24T18:00 by the room's clock; else until resumed.")
@click.option("--clear", is_flag=True, help="Empty its screen, too.")
@click.option("--hang-up", is_flag=True, help="End our call now; else it is left at its time.")
@config_option
@json_option
def pause_command(
    room: str, until: str | None, clear: bool, hang_up: bool, config: Path | None, json_output: bool
) -> None:
    """Leave a room alone: nothing is pushed, and it does not dial by itself. Kept over restarts."""
    from connector.cli.room_commands import pause

    pause(room, until, clear, hang_up, config, json_output)


@rooms_group.command("resume")
@room_argument
@config_option
@json_option
def resume_command(room: str, config: Path | None, json_output: bool) -> None:
    """Serve a paused room again."""
    from connector.cli.room_commands import ask_room

    ask_room("resume", room, config, json_output)
