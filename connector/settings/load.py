"""connector.toml and the environment -> Settings, with the origin of every value.

Cheap to call again: the daemon does so whenever a file changed, and keeps the last good settings on a UserError.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.metadata import entry_points
from pathlib import Path
from types import MappingProxyType
from typing import Any, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails
from pydantic_settings import EnvSettingsSource, SettingsError

from connector.errors import UserError
from connector.settings.credentials import is_reference
from connector.settings.file_text import other_kind, wide_encoding
from connector.settings.messages import did_you_mean, shown, unreadable
from connector.settings.schema import ENV_PREFIX, Settings
from connector.settings.toml_lines import KeyPath, key_lines, line_of, toml_remedy

FILE_NAME = "connector.toml"
_SECRET_WORDS = frozenset({"password", "passwd", "passcode", "secret", "token", "key"})
_URL_PASSWORD = re.compile(r"//[^/@\s:]*:[^/@\s]+@")
_Tree = dict[str, Any]


@dataclass(frozen=True, slots=True)
class LoadedSettings:
    """``origins``: dotted key -> where its value came from. ``problems``: sentences that stop nothing."""

    settings: Settings
    origins: Mapping[str, str]
    problems: tuple[str, ...]
    path: Path | None  # None: no connector.toml, built-in defaults
    empty: bool  # no connector.toml, or nothing in it


@dataclass(frozen=True, slots=True)
class _Source:
    """What was written, before it is judged, and where each key of it stands."""

    file: str
    tree: _Tree
    lines: Mapping[KeyPath, int]
    variables: Mapping[KeyPath, str]  # key -> environment variable

    def origin(self, path: KeyPath) -> str | None:
        """Where a value came from; None when neither the file nor the environment has it."""
        return self.place(path) if self._variable(path) or _present(path, self.tree) else None

    def place(self, path: KeyPath) -> str:
        """Where a mistake is, or the nearest place that can be told."""
        if variable := self._variable(path):
            return f"environment {variable}"
        line = line_of(path, self.lines)
        return f"{self.file}, line {line}" if line else self.file

    def _variable(self, path: KeyPath) -> str | None:
        return next((self.variables[path[:n]] for n in range(len(path), 1, -1) if path[:n] in self.variables), None)


def load_settings(path: Path | None, environ: Mapping[str, str]) -> LoadedSettings:
    """Read ``path``, or connector.toml of the present folder when there is one, and put ``environ`` on top.

    CONNECTOR__SECTION__KEY overrides one key (lists: words with commas, or a JSON array). UserError carries one
    sentence for every mistake; nothing of a file with a mistake is used.
    """
    found = _find(path)
    text = _read(found) if found else ""
    file = found.name if found else FILE_NAME
    tree = _parse(text, file)
    overrides, variables = _environment(environ, tree)
    source = _Source(file, _merge(tree, overrides), key_lines(text), variables)
    settings = _validate(source)
    settings._base = (found.parent if found else Path()).absolute()
    origins = MappingProxyType(_origins(settings, source))
    return LoadedSettings(settings, origins, _cautions(settings, source), found, empty=not tree)


def effective(settings: Settings) -> Iterator[tuple[str, object]]:
    """Every setting as (dotted key, value), in the order of the file. No value is a secret: those are references."""
    for section in Settings.model_fields:
        value = getattr(settings, section)
        if isinstance(value, Mapping):
            for name, part in value.items():
                yield from ((f"{section}.{name}.{key}", v) for key, v in _flat(part))
        else:
            yield from ((f"{section}.{key}", v) for key, v in _flat(value))


def _flat(section: BaseModel) -> Iterator[tuple[str, object]]:
    values = {name: getattr(section, name) for name in type(section).model_fields} | (section.model_extra or {})
    for name, value in values.items():
        if isinstance(value, Mapping):
            yield from ((f"{name}.{key}", v) for key, v in value.items())
        else:
            yield name, value


# ------------------------------------------------------------------------------------ reading


def _find(path: Path | None) -> Path | None:
    if path is None:
        return Path(FILE_NAME) if Path(FILE_NAME).is_file() else None
    if path.is_dir():
        path = path / FILE_NAME
    if not path.exists():
        raise UserError(f"{path} does not exist; name the settings file with --config.")
    return path


def _read(path: Path) -> str:
    try:
        data = path.read_bytes()
        encoding, kind = wide_encoding(data), other_kind(data)
        if encoding or kind:
            what = f"{encoding[:6].upper()} text" if encoding else kind
            raise UserError(f"{path.name}: this is {what}; save the file as plain text in UTF-8.")
        text = data.decode("utf-8-sig")
        return text if "\n" in text else text.replace("\r", "\n")  # as lines once ended on a Mac
    except OSError as error:
        raise UserError(unreadable(path, error)) from None
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise UserError(f"{path.name}, line {line}: this is not UTF-8 text; save the file as UTF-8.") from None


def _parse(text: str, file: str) -> _Tree:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        what, _, where = str(error).rpartition(" (at ")
        place = where.removesuffix(")").replace("end of document", f"line {text.count(chr(10)) + 1}")
        remedy = toml_remedy(what, text, place)
        raise UserError(f"{file}, {place}: this is not valid TOML: {what[:1].lower()}{what[1:]}{remedy}.") from None
    except RecursionError:
        raise UserError(f"{file}: this is not valid TOML: it is nested too deeply.") from None


def _environment(environ: Mapping[str, str], tree: _Tree) -> tuple[_Tree, dict[KeyPath, str]]:
    """Overrides as a tree, and which variable each came from. Variables are told apart without case."""
    ours = {name: value for name, value in environ.items() if name.upper().startswith(ENV_PREFIX)}
    problems = [problem for name in ours if (problem := _variable_problem(name))]
    if problems:
        raise UserError(*problems)
    reader = EnvSettingsSource(Settings)
    reader.env_vars = {name.lower(): value for name, value in ours.items()}
    try:
        overrides: _Tree = reader()
    except SettingsError:
        raise UserError(f"One of the environment variables {', '.join(sorted(ours))} is not valid JSON.") from None
    names = {section: _spelling(tree.get(section)) for section in ("calendars", "templates")}
    for section, spelling in names.items():
        overrides = overrides | (
            {section: {spelling.get(k, k): v for k, v in overrides[section].items()}} if section in overrides else {}
        )
    return overrides, {_path(name, names): name for name in ours}


def _variable_problem(name: str) -> str | None:
    section, *keys = name.lower()[len(ENV_PREFIX) :].split("__")
    if section not in Settings.model_fields:
        hint = did_you_mean(section, Settings.model_fields)
        return f"environment {name}: there is no section {shown(section)}{hint}"
    needed = 2 if section in ("calendars", "templates") else 1
    if len(keys) < needed or not all(keys):
        form = f"{ENV_PREFIX}{section.upper()}__" + ("NAME__KEY" if needed == 2 else "KEY")
        return f"environment {name}: write it as {form}."
    return None


def _spelling(names: object) -> dict[str, str]:
    return {name.lower(): name for name in names} if isinstance(names, Mapping) else {}


def _path(variable: str, names: Mapping[str, Mapping[str, str]]) -> KeyPath:
    section, name, *keys = variable.lower()[len(ENV_PREFIX) :].split("__")
    return (section, names.get(section, {}).get(name, name), *keys)


def _merge(below: _Tree, above: _Tree) -> _Tree:
    merged = dict(below)
    for key, value in above.items():
        old = merged.get(key)
        merged[key] = _merge(old, value) if isinstance(old, dict) and isinstance(value, dict) else value
    return merged


def _present(path: KeyPath, tree: object) -> bool:
    for key in path:
        if isinstance(tree, list) and key.isdecimal() and int(key) < len(tree):
            tree = tree[int(key)]
        elif isinstance(tree, Mapping) and key in tree:
            tree = tree[key]
        else:
            return False
    return True


# ------------------------------------------------------------------------------------ judging


def _validate(source: _Source) -> Settings:
    try:
        settings = Settings.model_validate(source.tree)
    except ValidationError as error:
        raise UserError(*(_message(detail, source) for detail in error.errors(include_url=False))) from None
    problems = [*_unknown_types(settings, source), *_plain_secrets(settings, source)]
    if problems:
        raise UserError(*problems)
    return settings


def _message(detail: ErrorDetails, source: _Source) -> str:
    """One pydantic error as a sentence. The value is repeated only where it cannot be a secret."""
    path = tuple(str(part) for part in detail["loc"])
    place = source.place(path)
    if not path:  # of the whole file: the message names its key itself
        return f"{source.file}: {_closed(str(detail['ctx']['error']))}"
    if detail["type"] == "extra_forbidden":
        if len(path) == 1:
            return f"{place}: {path[0]} is not a section{_home(path[0]) or did_you_mean(path[0], _known(()))}"
        return f"{place}: {'.'.join(path)} is not a setting{did_you_mean(path[-1], _known(path[:-1]))}"
    if detail["type"] == "missing":
        return f"{place}: {'.'.join(path)} is missing."
    return f"{place}: {'.'.join(path)} {_complaint(detail)}"


def _home(key: str) -> str:
    """For a key that was written above all sections: where it belongs."""
    for section in Settings.model_fields:
        named = section in ("calendars", "templates")
        if key in _known((section, "NAME") if named else (section,)):
            return f"; put it below [{section}{'.NAME' if named else ''}]."
    return ""


def _complaint(detail: ErrorDetails) -> str:
    kind, value, context = detail["type"], detail["input"], detail.get("ctx", {})
    free = detail["loc"][0] == "calendars" or "options" in detail["loc"]  # keys of others, which may hold secrets
    written = "what is written" if free else shown(value)
    if kind == "value_error":
        return f"is wrong: {_closed(str(context['error']))}"
    if kind == "literal_error":
        choices = re.findall(r"'([^']*)'", str(context["expected"]))
        return f"is {written}{did_you_mean(str(value), choices)}"
    bounds = {"greater_than_equal": ("ge", "at least"), "less_than_equal": ("le", "at most")}
    if kind in bounds:
        key, words = bounds[kind]
        return f"must be {words} {context[key]}, not {written}; nearest valid value: {context[key]}."
    if kind == "greater_than":
        return f"must be more than {context['gt']}, not {written}."
    return f"must be {_TYPE_NAMES.get(kind.partition('_')[0], 'something else')}, not {written}."


def _closed(sentence: str) -> str:
    return sentence if sentence.endswith((".", "?")) else sentence + "."


_TYPE_NAMES = {
    "int": "a whole number",
    "float": "a number",
    "finite": "a number",
    "bool": "true or false",
    "string": "text in quotes",
    "tuple": "a list",
    "dict": "a section with keys",
    "model": "a section with keys",
}


def _known(path: KeyPath) -> tuple[str, ...]:
    """The keys that may stand at ``path``."""
    kind: Any = Settings
    for part in path:
        if get_origin(kind) is dict:
            kind = get_args(kind)[1]
        elif part in kind.model_fields:
            kind = kind.model_fields[part].annotation
    return tuple(kind.model_fields) if isinstance(kind, type) and issubclass(kind, BaseModel) else ()


def _unknown_types(settings: Settings, source: _Source) -> Iterator[str]:
    known = {"ics", "caldav"} | {entry.name for entry in entry_points(group="connector.calendar_sources")}
    for name, calendar in settings.calendars.items():
        if calendar.type not in known:
            place = source.place(("calendars", name, "type"))
            yield f"{place}: calendars.{name}.type is {shown(calendar.type)}{did_you_mean(calendar.type, known)}"


def _plain_secrets(settings: Settings, source: _Source) -> Iterator[str]:
    """Secrets written where only a reference may stand. Their values are never repeated."""
    for key, value in effective(settings):
        section, *path = key.split(".")
        if section not in ("calendars", "templates") or len(path) < 2:
            continue
        place = source.place((section, *path))
        if "options" in path and path[-1].split("_")[-1].lower() in _SECRET_WORDS:
            yield f"{place}: {key} looks like a secret; it belongs in the credential column of the rooms, by reference."
        elif section == "calendars" and path[-1].split("_")[-1].lower() in _SECRET_WORDS and not is_reference(value):
            yield f"{place}: {key} must be a reference to a secret: env:NAME, file:PATH or vault:NAME."
        elif section == "calendars" and _URL_PASSWORD.search(str(value)):
            yield f"{place}: {key} has a password inside the URL; use the keys username and password (a reference)."


def _cautions(settings: Settings, source: _Source) -> tuple[str, ...]:
    """What is allowed but seldom meant."""
    sentences = []
    for net in settings.private_networks:
        if not (net.is_private or net.is_loopback or net.is_link_local):
            place = source.place(("networks", "private"))
            sentences.append(f"{place}: networks.private lists {net}, which holds public addresses.")
    if settings.rules.tables:
        sentences += [f"{source.place(('rules',))}: {problem}" for problem in settings.compiled_rules.problems]
    return tuple(sentences)


# ------------------------------------------------------------------------------------ origins


def _origins(settings: Settings, source: _Source) -> dict[str, str]:
    return {key: _origin(tuple(key.split(".")), source) for key, _ in effective(settings)}


def _origin(path: KeyPath, source: _Source) -> str:
    if own := source.origin(path):
        return own
    inherited = source.origin(("templates", "default", *path[2:])) if path[0] == "templates" else None
    return f"{inherited} (templates.default)" if inherited else "default"
