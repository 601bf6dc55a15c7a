"""The demo's page and its small JSON interface. For a loopback address only: it has no login.

A page on the internet could still make a visitor's browser send requests to a loopback port, so every request must
name a loopback host, and what changes something must come from this page itself (Origin) and be JSON.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path
from urllib.parse import urlsplit

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from fastapi.staticfiles import StaticFiles
from fastapi.templating import Jinja2Templates
from pydantic import BaseModel, Field

from connector.demo.state import CalendarText, DemoBackend, DemoError, DemoState, UnknownRoom

_HERE = Path(__file__).parent
_LOOPBACK_NAMES = frozenset({"127.0.0.1", "localhost", "::1"})
_MAX_BODY = 6_000_000  # bytes; a calendar with a 5 MB description may be tried
_HEADERS = {
    "Content-Security-Policy": "default-src 'self'; frame-ancestors 'none'; form-action 'none'; base-uri 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}
_Next = Callable[[Request], Awaitable[Response]]


class JoinOrder(BaseModel):
    booking_id: str = Field(max_length=40)


class NewText(BaseModel):
    text: str


class NewEvent(BaseModel):
    title: str = Field(min_length=1, max_length=200)
    in_minutes: float = Field(ge=-600, le=2880)
    minutes: float = Field(gt=0, le=1440)
    text: str = Field(default="", max_length=100_000)


class MoveOrder(BaseModel):
    uid: str = Field(max_length=1000)
    minutes: float = Field(ge=-1440, le=1440)


class DeleteOrder(BaseModel):
    uid: str = Field(max_length=1000)


def build_app(backend: DemoBackend) -> FastAPI:
    """The page at ``/``, its data at ``/api/state``, and what the page's buttons call."""
    app = FastAPI(title="room-system-connector demo", openapi_url=None, docs_url=None, redoc_url=None)
    app.mount("/static", StaticFiles(directory=_HERE / "static"), name="static")
    app.middleware("http")(_guard)
    app.add_exception_handler(DemoError, _as_sentence)
    app.add_exception_handler(RequestValidationError, _as_mistake)
    _add_page(app)
    _add_rooms(app, backend)
    _add_calendars(app, backend)
    return app


def _add_page(app: FastAPI) -> None:
    templates = Jinja2Templates(directory=_HERE / "templates")

    @app.get("/")
    async def page(request: Request) -> Response:
        return templates.TemplateResponse(request, "demo.html")


def _add_rooms(app: FastAPI, backend: DemoBackend) -> None:
    @app.get("/api/state")
    async def state() -> DemoState:
        return await backend.state()

    @app.post("/api/rooms/{room}/join", status_code=204)
    async def join(room: str, order: JoinOrder) -> None:
        await backend.press_join(room, order.booking_id)

    @app.post("/api/rooms/{room}/hang-up", status_code=204)
    async def hang_up(room: str) -> None:
        await backend.hang_up(room)


def _add_calendars(app: FastAPI, backend: DemoBackend) -> None:
    @app.get("/api/rooms/{room}/calendar")
    async def calendar(room: str) -> CalendarText:
        return backend.calendar(room)

    @app.post("/api/rooms/{room}/calendar")
    async def write(room: str, new: NewText) -> CalendarText:
        backend.write_calendar(room, new.text)
        return backend.calendar(room)

    @app.post("/api/rooms/{room}/events/add")
    async def add(room: str, new: NewEvent) -> CalendarText:
        backend.add_event(room, new.title, in_minutes=new.in_minutes, minutes=new.minutes, text=new.text)
        return backend.calendar(room)

    @app.post("/api/rooms/{room}/events/move")
    async def move(room: str, order: MoveOrder) -> CalendarText:
        backend.move_event(room, order.uid, minutes=order.minutes)
        return backend.calendar(room)

    @app.post("/api/rooms/{room}/events/delete")
    async def delete(room: str, order: DeleteOrder) -> CalendarText:
        backend.delete_event(room, order.uid)
        return backend.calendar(room)


# ------------------------------------------------------------------------------------ who may ask


async def _guard(request: Request, call_next: _Next) -> Response:
    refusal = _refusal(request)
    response = _error(*refusal) if refusal else await call_next(request)
    response.headers.update(_HEADERS)
    return response


def _refusal(request: Request) -> tuple[int, str] | None:
    host = request.headers.get("host", "")
    if not _is_loopback(f"//{host}"):
        return 403, "This page answers to a loopback name only: a Host header said something else."
    if request.method in ("GET", "HEAD"):
        return None
    if request.headers.get("origin") != f"http://{host}":
        return 403, "Changes are taken from this page only: the Origin header said something else."
    if request.headers.get("content-type", "").partition(";")[0].strip() != "application/json":
        return 415, "Changes are sent as JSON."
    length = request.headers.get("content-length", "")
    if not length.isdecimal() or int(length) > _MAX_BODY:
        return 413, f"A change says how long it is, and is not longer than {_MAX_BODY} bytes."
    return None


def _is_loopback(address: str) -> bool:
    try:
        return urlsplit(address).hostname in _LOOPBACK_NAMES
    except ValueError:
        return False


def _error(status: int, sentence: str) -> JSONResponse:
    return JSONResponse({"error": sentence}, status_code=status)


async def _as_sentence(request: Request, error: Exception) -> Response:
    return _error(404 if isinstance(error, UnknownRoom) else 409, str(error))


async def _as_mistake(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    problems = [f"{'.'.join(map(str, e['loc'][1:]))}: {e['msg']}" for e in error.errors()]
    return _error(422, "; ".join(problems))
