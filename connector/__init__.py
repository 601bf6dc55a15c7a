"""Room-system connector: calendars in, one-touch-join buttons and calls out."""

__version__ = "0.1.0"
