"""What an answer of Exchange, or its absence, means for us: sentences without the server's words."""

from __future__ import annotations

from datetime import timedelta

from exchangelib import errors  # type: ignore[import-untyped]
from requests.exceptions import ChunkedEncodingError

from connector.calendars.exchange.online import is_exchange_online, why_not
from connector.calendars.exchange.transport import BrokenAnswer, HttpStatus, LockedOut, OtherSignIn
from connector.errors import AccessDenied, CalendarError, CredentialsRejected, RateLimited, SourceUnavailable

_MISSING = (
    errors.ErrorNonExistentMailbox,
    errors.ErrorMailboxConfiguration,
    errors.ErrorInvalidSmtpAddress,
    errors.ErrorMissingEmailAddress,
    errors.ErrorInvalidUserPrincipalName,
)
_NO_RIGHT = (
    errors.ErrorAccessDenied,
    errors.ErrorFolderNotFound,  # what a delegate without any right is told
    errors.ErrorItemNotFound,
)
_NO_IMPERSONATION = (
    errors.ErrorImpersonateUserDenied,
    errors.ErrorImpersonationDenied,
    errors.ErrorImpersonationFailed,
)
_LIMITS = (
    errors.ErrorExceededConnectionCount,
    errors.ErrorExceededSubscriptionCount,
    errors.ErrorTooManyObjectsOpened,
    errors.ErrorExceededFindCountLimit,
)
_WRONG_PROPERTY = (
    errors.ErrorInvalidPropertyRequest,
    errors.ErrorSchemaValidation,
    errors.ErrorInvalidRequest,
    errors.ErrorUnsupportedPathForQuery,
    errors.ErrorUnsupportedPropertyDefinition,
)


class IncompleteListing(Exception):
    """The server gave a part of the window."""


_LOST = (
    errors.ErrorSubscriptionNotFound,
    errors.ErrorExpiredSubscription,
    errors.ErrorInvalidSubscription,
    errors.ErrorSubscriptionUnsubsribed,
    errors.ErrorInvalidWatermark,
)
_OF_ONE = (
    *_LOST,
    *_MISSING,
    *_NO_RIGHT,
    *_NO_IMPERSONATION,
    errors.ErrorSubscriptionAccessDenied,
    errors.ErrorSubscriptionDelegateAccessNotSupported,
    errors.ErrorMailboxStoreUnavailable,
    errors.ErrorMailboxMoveInProgress,
)


class SubscriptionsRefused(SourceUnavailable):
    """The server does not stream with one or some of the subscriptions. ``subscriptions``: those that it names.

    ``lost``: it does not know them any more, and new ones may be made at once.
    """

    def __init__(self, sentence: str, subscriptions: tuple[str, ...], *, lost: bool) -> None:
        super().__init__(sentence)
        self.subscriptions = subscriptions
        self.lost = lost


def refused_subscriptions(error: Exception, named: tuple[str, ...]) -> SubscriptionsRefused | None:
    """None where the error has nothing to do with a single mailbox. ``named``: by the server, in its answer."""
    if not isinstance(error, errors.ResponseMessageError) or not (named or isinstance(error, _OF_ONE)):
        return None
    sentence = f"The Exchange server does not stream the changes of this mailbox ({type(error).__name__})."
    return SubscriptionsRefused(sentence, named, lost=isinstance(error, _LOST))


def is_unknown_property(error: BaseException) -> bool:
    """An older server was asked for something that it has never heard of."""
    return isinstance(error, _WRONG_PROPERTY)


def translate(
    error: Exception, server: str, calendar: str, *, username: str, impersonation: bool, again: str
) -> CalendarError:
    """``server`` and ``calendar`` are names for the sentence; ``calendar`` is "" where no mailbox is meant.

    ``again``: the command that lets refused credentials be tried once more.
    """
    if isinstance(error, CalendarError):
        return error
    name = f"The Exchange server {server}"
    if isinstance(error, LockedOut):
        return CredentialsRejected(
            f"{name} says that the account {username} is locked out: unlock it in the directory, look for what else"
            f" signs in as it, and then run {again}."
        )
    if isinstance(error, errors.ErrorServerBusy):
        wait = timedelta(seconds=min(max(error.back_off or 10, 1), 3600))
        # Without the seconds: each other sentence would be a change of state, with a line in the log.
        return RateLimited(f"{name} is busy and asks to wait.", retry_after=wait)
    if isinstance(error, _LIMITS):
        return RateLimited(
            f"{name} has reached a limit of its throttling policy ({type(error).__name__}).",
            retry_after=timedelta(seconds=60),
        )
    return _about_rights(error, name, calendar, username, impersonation) or _unavailable(error, name)


def _about_rights(
    error: Exception, name: str, calendar: str, username: str, impersonation: bool
) -> AccessDenied | None:
    if isinstance(error, HttpStatus) and error.status == 403:
        return AccessDenied(
            f"{name} answers 403 (forbidden) for {calendar or 'this account'}: EWS is switched off for it, or an access"
            f" policy forbids it; see Get-CASMailbox and Get-OrganizationConfig | fl Ews*."
        )
    if isinstance(error, _NO_IMPERSONATION):
        return AccessDenied(f"{name} does not let {username} act for {calendar}: {grant(calendar, username, True)}")
    if isinstance(error, _MISSING):
        return AccessDenied(f"{name} knows no mailbox {calendar}: check the calendar column.")
    if isinstance(error, _NO_RIGHT):
        fix = grant(calendar, username, impersonation)
        return AccessDenied(f"{name} does not show the calendar of {calendar} to {username}: {fix}")
    return None


def grant(calendar: str, username: str, impersonation: bool) -> str:
    """The line that an Exchange admin types, in words for the end of a sentence."""
    if impersonation:
        return f"give it the role for the rooms, for example {role_line(username)}."
    return f"share the calendar with it: {delegate_line(calendar, username)}."


SCOPE_LINE = (
    "New-ManagementScope -Name RoomMailboxes -RecipientRestrictionFilter \"RecipientTypeDetails -eq 'RoomMailbox'\""
)


def role_line(username: str) -> str:
    return (
        "New-ManagementRoleAssignment -Name RoomConnector -Role ApplicationImpersonation"
        f" -User {quoted(username)} -CustomRecipientWriteScope RoomMailboxes"
    )


def type_lines(calendar: str) -> str:
    """Where other rooms are read, the scope leaves this one out: it holds mailboxes of the type of a room only."""
    room = quoted(calendar)
    return (
        f"Get-Mailbox -Identity {room} | fl RecipientTypeDetails"
        f"  # if it is not RoomMailbox: Set-Mailbox -Identity {room} -Type Room\n"
        "# if it is, or no room can be read, the account lacks the role:"
    )


def delegate_line(calendar: str, username: str) -> str:
    identity = quoted(calendar + ":\\Calendar")
    return f"Add-MailboxFolderPermission -Identity {identity} -User {quoted(username)} -AccessRights Reviewer"


def quoted(text: str) -> str:
    """A PowerShell string: an apostrophe is doubled."""
    return "'" + text.replace("'", "''") + "'"


def _unavailable(error: Exception, name: str) -> SourceUnavailable:
    kind = type(error).__name__
    if isinstance(error, IncompleteListing):
        return SourceUnavailable(f"{name} gave only a part of the listing.")
    if isinstance(error, OtherSignIn):
        return SourceUnavailable(
            f"{name} does not take this way to sign in: set auth to one that it offers, {' or '.join(error.offered)}."
        )
    if isinstance(error, HttpStatus) and is_exchange_online(error.location):
        return SourceUnavailable(f"{name} redirects to Exchange Online: {why_not(error.location)}")
    if isinstance(error, HttpStatus) and 300 <= error.status < 400:
        return SourceUnavailable(f"{name} redirects (HTTP {error.status}): put the address it redirects to into url.")
    if isinstance(error, HttpStatus):
        return SourceUnavailable(f"{name} answers HTTP {error.status} where EWS was expected: check the url.")
    if isinstance(error, BrokenAnswer | errors.SOAPError | errors.MalformedResponseError):
        return SourceUnavailable(f"{name} sent an answer that is broken, cut off or not EWS: check the url.")
    if "CERTIFICATE_VERIFY_FAILED" in str(error) or "certificate" in str(error).lower():
        return SourceUnavailable(
            f"{name} has a certificate that cannot be verified: name its authority with ca_file, and use the name that"
            " stands in the certificate."
        )
    if isinstance(error, ChunkedEncodingError | ConnectionError):
        return SourceUnavailable(f"{name} broke the connection off.")
    if isinstance(error, errors.ErrorTimeoutExpired):
        return SourceUnavailable(f"{name} cannot be reached or did not answer in time.")
    return SourceUnavailable(f"{name} cannot be reached or gave an answer that cannot be used ({kind}).")
