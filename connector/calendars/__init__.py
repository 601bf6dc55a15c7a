"""Calendar sources: base.py is their contract, one module (or family of modules) each, registry.py finds them."""

from connector.calendars.registry import SourceRecord, installed, open_source

__all__ = ["SourceRecord", "installed", "open_source"]
