"""The daemon's error tree, named by what the caller does next. Endpoint errors are in device_drivers/api.

ConnectorError
+- UserError              a person mistyped something: sentences, no traceback, exit status 2
+- CalendarError          a calendar could not be read whole; the last good list stays
   +- SourceUnavailable      retry, back off
   +- CredentialsRejected    stop at once and alert; tried again when they change, or after ``ask_again``
   +- AccessDenied           this calendar only; retry slowly
   +- RateLimited            retry after ``retry_after``
"""

from __future__ import annotations

from datetime import timedelta


class ConnectorError(Exception):
    """Root; messages are sentences for an admin and carry no secret."""


class UserError(ConnectorError):
    """``problems``: one sentence each, with file, row, column and the nearest valid value where known."""

    def __init__(self, *problems: str) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


class CalendarError(ConnectorError):
    pass


class SourceUnavailable(CalendarError):
    pass


class CredentialsRejected(CalendarError):
    """``ask_again``: for an app's secret or key, which no lock-out guards. None: every try counts towards a lock-out,
    so nobody but an admin asks again."""

    def __init__(self, message: str, *, ask_again: timedelta | None = None) -> None:
        super().__init__(message)
        self.ask_again = ask_again


APP_ASKED_AGAIN = timedelta(minutes=15)  # a sign-in service that errs on Saturday must not cost Monday's meetings


class AccessDenied(CalendarError):
    pass


class RateLimited(CalendarError):
    def __init__(self, message: str, *, retry_after: timedelta) -> None:
        super().__init__(message)
        self.retry_after = retry_after
