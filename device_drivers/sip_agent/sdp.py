"""Session descriptions without media: every stream is inactive, on the discard port of a loopback address.

The agents are signalling only (RFC 4566 for the form, RFC 3264 for offer and answer, RFC 4568 for SRTP keys).
"""

from __future__ import annotations

import base64
import secrets

CONTENT_TYPE = "application/sdp"
_DISCARD_PORT = 9
# What any room system can say: G.711 in both laws, telephone events, H.264 baseline.
_OFFER = (
    f"m=audio {_DISCARD_PORT} RTP/AVP 0 8 101",
    "a=rtpmap:0 PCMU/8000",
    "a=rtpmap:8 PCMA/8000",
    "a=rtpmap:101 telephone-event/8000",
    "a=fmtp:101 0-16",
    "a=inactive",
    f"m=video {_DISCARD_PORT} RTP/AVP 97",
    "a=rtpmap:97 H264/90000",
    "a=fmtp:97 profile-level-id=42e01f;packetization-mode=1",
    "a=inactive",
)
_KEY_BYTES = {"AES_CM_128_HMAC_SHA1_80": 30, "AES_CM_128_HMAC_SHA1_32": 30, "AES_256_CM_HMAC_SHA1_80": 46}


class NotAcceptable(ValueError):
    """The offer cannot be read, or no stream of it can be taken: 488."""


def offer(host: str) -> bytes:
    return _join(_session(host), _OFFER)


def answer(offered: bytes, host: str) -> bytes:
    """Take every audio and video stream over RTP as inactive, refuse the others (port 0)."""
    streams = _streams(offered)
    taken = [_take(stream) for stream in streams]
    if not any(taken):
        raise NotAcceptable("no stream of the offer can be taken")
    lines = [line for stream, lines in zip(streams, taken, strict=True) for line in (lines or _refuse(stream[0]))]
    return _join(_session(host), lines)


def _session(host: str) -> list[str]:
    family = "IP6" if ":" in host else "IP4"
    number = secrets.randbelow(1 << 31)
    return ["v=0", f"o=- {number} 1 IN {family} {host}", "s=-", f"c=IN {family} {host}", "t=0 0"]


def _join(*parts: list[str] | tuple[str, ...]) -> bytes:
    return ("\r\n".join(line for part in parts for line in part) + "\r\n").encode()


def _streams(offered: bytes) -> list[list[str]]:
    """The media sections, each as its lines."""
    try:
        lines = offered.decode().replace("\r\n", "\n").strip("\n").split("\n")
    except UnicodeDecodeError:
        raise NotAcceptable("the offer is not text") from None
    if not lines[0].startswith("v=0"):
        raise NotAcceptable("the offer is not a session description")
    streams: list[list[str]] = []
    for line in lines:
        if line.startswith("m="):
            streams.append([line])
        elif streams:
            streams[-1].append(line)
    return streams


def _take(stream: list[str]) -> list[str]:
    """Our side of one stream, or nothing when it must be refused."""
    fields = stream[0].split()
    if len(fields) < 4 or fields[0] not in ("m=audio", "m=video") or "RTP/" not in fields[2] or fields[1] == "0":
        return []
    secured = _crypto(stream)
    if "SAVP" in fields[2] and not secured:
        return []
    kept = [line for line in stream[1:] if line.startswith(("a=rtpmap:", "a=fmtp:"))]
    return [f"{fields[0]} {_DISCARD_PORT} {' '.join(fields[2:])}", *kept, *secured, "a=inactive"]


def _crypto(stream: list[str]) -> list[str]:
    """Accept the first SRTP suite we know, with a fresh key. The key protects nothing: no media flows."""
    for line in stream:
        fields = line.removeprefix("a=crypto:").split()
        if line.startswith("a=crypto:") and len(fields) >= 3 and fields[1] in _KEY_BYTES:
            key = base64.b64encode(secrets.token_bytes(_KEY_BYTES[fields[1]])).decode()
            return [f"a=crypto:{fields[0]} {fields[1]} inline:{key}"]
    return []


def _refuse(media: str) -> list[str]:
    fields = media.split()
    if len(fields) < 4:
        raise NotAcceptable("a stream of the offer cannot be read")
    return [f"{fields[0]} 0 {' '.join(fields[2:])}"]
