"""A voter cookie that this server did not sign is nobody's."""

from __future__ import annotations

import pytest

from assistant.voters import new_voter, voter_of

SECRET = bytes(range(32))
# HMAC-SHA256 of "duet voter cookie:v1.00112233445566778899aabbccddeeff" by that key, made with
# openssl dgst -sha256 -mac HMAC -macopt hexkey:000102...1f
KNOWN = "v1.00112233445566778899aabbccddeeff."
SIGNATURE = "f608672e090a40b126bc3974fd41eece97cd8fde92e31a0c7bef0a27f7721f45"


def test_a_signed_cookie_names_its_voter() -> None:
    cookie = new_voter(SECRET)
    voter = voter_of(cookie, SECRET)
    assert voter is not None
    assert len(voter) == 32
    assert voter_of(cookie, SECRET) == voter


def test_the_signature_is_hmac_sha256() -> None:
    assert voter_of(KNOWN + SIGNATURE, SECRET) == "00112233445566778899aabbccddeeff"


def test_voters_are_all_different() -> None:
    assert len({voter_of(new_voter(SECRET), SECRET) for _ in range(1000)}) == 1000


def test_another_installation_knows_none_of_them() -> None:
    assert voter_of(new_voter(SECRET), bytes(32)) is None


@pytest.mark.parametrize("position", range(len(KNOWN) + 64))
def test_any_changed_character_is_a_forgery(position: int) -> None:
    cookie = KNOWN + SIGNATURE
    assert len(cookie) == len(KNOWN) + 64
    for other in "0a.F é":
        forged = cookie[:position] + other + cookie[position + 1 :]
        assert forged == cookie or voter_of(forged, SECRET) is None


@pytest.mark.parametrize(
    "forged",
    [
        None,
        "",
        ".",
        "..",
        "v1..",
        "v1.00112233445566778899aabbccddeeff",
        KNOWN,
        KNOWN + "0" * 64,
        KNOWN + SIGNATURE + "\n",
        KNOWN + SIGNATURE + "0",
        " " + KNOWN + SIGNATURE,
        KNOWN + SIGNATURE.upper(),
        KNOWN.replace("v1", "v2") + SIGNATURE,
        KNOWN + "é" * 64,
        KNOWN + "\N{ARABIC-INDIC DIGIT ONE}" * 64,
        "\ud800",
        "x" * 100_000,
    ],
)
def test_what_is_no_cookie_of_ours(forged: str | None) -> None:
    assert voter_of(forged, SECRET) is None
