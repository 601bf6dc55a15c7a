"""Settings, rooms and secrets: what people write, checked and explained. The only place that reads their files."""

from connector.networks import within
from connector.settings.calendars import resolve_calendar, shown_calendar
from connector.settings.credentials import Credential, SecretReader, fingerprint, is_reference
from connector.settings.load import LoadedSettings, effective, load_settings
from connector.settings.rooms import COLUMNS, RoomsResult, load_rooms
from connector.settings.schema import CalendarSection, Settings, Template
from connector.settings.vault_factory import master_key, open_vault, secret_reader
from connector.settings.watched_files import FileStamps, files_to_watch

__all__ = [
    "COLUMNS",
    "CalendarSection",
    "Credential",
    "FileStamps",
    "LoadedSettings",
    "RoomsResult",
    "SecretReader",
    "Settings",
    "Template",
    "effective",
    "files_to_watch",
    "fingerprint",
    "is_reference",
    "load_rooms",
    "load_settings",
    "master_key",
    "open_vault",
    "resolve_calendar",
    "secret_reader",
    "shown_calendar",
    "within",
]
