"""Zhumu (瞩目)."""

from __future__ import annotations

from connector.detection.plain import plain

service = plain(
    "zhumu",
    {"welink.zhumu.com": r"/j/(\d{9,12})"},
    reason="how a room would dial Zhumu is not known from any public invitation",
)
