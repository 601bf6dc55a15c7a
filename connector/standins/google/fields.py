"""Google's partial responses: the ``fields`` parameter, "a,b(c,d/e)", cuts an answer down to what it names."""

from __future__ import annotations

Selection = dict[str, "Selection | None"]  # None: everything below


class BadFields(ValueError):
    """Not a selection; Google answers 400 invalidParameter."""


def parse(text: str) -> Selection:
    selection, rest = _several(text)
    if rest:
        raise BadFields(rest)
    return selection


def cut(value: object, selection: Selection | None) -> object:
    if selection is None:
        return value
    if isinstance(value, list):
        return [cut(each, selection) for each in value]
    if not isinstance(value, dict):
        return value
    if "*" in selection:
        return {name: cut(inner, selection["*"]) for name, inner in value.items()}
    return {name: cut(inner, selection[name]) for name, inner in value.items() if name in selection}


def _several(text: str) -> tuple[Selection, str]:
    selection: Selection = {}
    while True:
        name, inner, text = _one(text)
        selection[name] = inner
        if not text.startswith(","):
            return selection, text
        text = text[1:]


def _one(text: str) -> tuple[str, Selection | None, str]:
    end = next((at for at, c in enumerate(text) if c in ",()/"), len(text))
    name, text = text[:end].strip(), text[end:]
    if not name:
        raise BadFields(text)
    if text.startswith("/"):
        below, inner, text = _one(text[1:])
        return name, {below: inner}, text
    if text.startswith("("):
        inner_selection, text = _several(text[1:])
        if not text.startswith(")"):
            raise BadFields(text)
        return name, inner_selection, text[1:]
    return name, None, text
