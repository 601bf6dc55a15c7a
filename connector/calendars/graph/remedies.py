"""The exact lines that cure what the doctor and the error messages of Microsoft 365 name. Pure.

Sources: learn.microsoft.com "Role Based Access Control for Applications in Exchange Online" and the reference of
Set-CalendarProcessing (office-docs-powershell).
"""

from __future__ import annotations


def quoted(text: str) -> str:
    """For PowerShell: single quotes, in which only the single quote itself is doubled."""
    return "'" + text.replace("'", "''") + "'"


def rbac_lines(client_id: str, mailbox: str) -> str:
    """Least permission: only room mailboxes, only reading calendars."""
    app = quoted(client_id)
    return "\n".join(
        (
            f"New-ServicePrincipal -AppId {app} -ObjectId 'OBJECT ID OF THE ENTERPRISE APPLICATION'"
            " -DisplayName 'Room system connector'",
            "New-ManagementScope -Name 'Room mailboxes'"
            " -RecipientRestrictionFilter \"RecipientTypeDetails -eq 'RoomMailbox'\"",
            reading_role(client_id),
            f"Test-ServicePrincipalAuthorization -Identity {app} -Resource {quoted(mailbox)}",
        )
    )


def reading_role(client_id: str) -> str:
    return (
        f"New-ManagementRoleAssignment -App {quoted(client_id)} -Role 'Application Calendars.Read'"
        " -CustomResourceScope 'Room mailboxes'"
    )


def mailbox_type(mailbox: str) -> str:
    """Where other rooms are read, the scope leaves this one out: a scope of rooms holds mailboxes of that type only."""
    room = quoted(mailbox)
    return (
        f"Get-Mailbox -Identity {room} | fl RecipientTypeDetails"
        f"  # if it is not RoomMailbox: Set-Mailbox -Identity {room} -Type Room\n"
        "# if it is, or no room can be read, the app lacks the right:"
    )


def denied_reading(client_id: str, mailbox: str) -> str:
    return (
        f"The app may not read the calendar of {mailbox}. In Exchange Online PowerShell:\n"
        f"{rbac_lines(client_id, mailbox)}\n"
        "The last line tells at once whether the right is there (InScope); Graph follows in 30 minutes to two hours."
    )


DENIED_PLACES = (
    "To list rooms, give the app the application permission Place.Read.All in Entra (App registrations, API"
    " permissions, Microsoft Graph) and grant admin consent; reading calendars does not need it."
)


def calendar_processing(mailbox: str, *settings: str) -> str:
    """``settings``: such as "-DeleteComments $false"."""
    return f"Set-CalendarProcessing -Identity {quoted(mailbox)} {' '.join(settings)}"
