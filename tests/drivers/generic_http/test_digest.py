"""Digest against the examples of RFC 7616, section 3.9.1."""

from __future__ import annotations

import pytest

from device_drivers.generic_http.digest import answer

_NONCE = "7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v"
_CNONCE = "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ"
_OPAQUE = "FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS"


def _answer(challenge: str) -> str | None:
    return answer(
        challenge,
        method="GET",
        uri="/dir/index.html",
        username="Mufasa",
        password="Circle of Life",
        client_nonce=_CNONCE,
    )


@pytest.mark.parametrize(
    ("algorithm", "response"),
    [
        ("MD5", "8ca523f5e9506fed4657c9700eebdbec"),
        ("SHA-256", "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"),
    ],
)
def test_the_examples_of_the_standard(algorithm: str, response: str) -> None:
    header = _answer(
        f'Digest realm="http-auth@example.org", qop="auth, auth-int", algorithm={algorithm}, '
        f'nonce="{_NONCE}", opaque="{_OPAQUE}"'
    )
    assert header is not None
    assert f'response="{response}"' in header
    assert f'opaque="{_OPAQUE}"' in header
    assert "qop=auth, nc=00000001" in header
    assert "Circle" not in header


def test_without_quality_of_protection() -> None:
    # RFC 2617 form: MD5(MD5(A1):nonce:MD5(A2)), computed by hand with md5sum.
    header = answer(
        'Digest realm="r", nonce="n"', method="GET", uri="/", username="u", password="p", client_nonce="unused"
    )
    assert header is not None
    assert 'response="f23121ca97143c6b358da620220c83b4"' in header
    assert "cnonce" not in header


@pytest.mark.parametrize(
    "challenge",
    [
        "",
        'Basic realm="x"',
        "Digest",
        'Digest realm="x", qop="auth"',
        'Digest nonce="1", algorithm=MD9',
        'Digest nonce="1", qop="auth-int"',
    ],
)
def test_what_cannot_be_answered(challenge: str) -> None:
    assert _answer(challenge) is None
