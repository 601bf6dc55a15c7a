"""The organisation's own Zoom account: room passcodes that invitations leave out, and notices of changed meetings."""
