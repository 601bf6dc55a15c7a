"""Odd input for every parser of what others send: units' replies, calendars, notifications, texts of invitations.

``inputs`` makes odd ones of composed ones (``seeds``) by the grammar that they are in; ``units``, ``calendars`` and
``services`` name the parsers, what they may raise by contract, and the modules that they are; ``trying`` tries them;
``branches`` counts what of those modules was reached. ``python -m benchmarks.fuzz`` runs all of it, and
tests/unit/test_fuzz.py a slice.
"""
