"""Personal data in a text: what could name, reach or charge a person.

Numbers with check digits count only where these are right, so that part numbers and figures rarely
do. A telephone number has none: a group of digits counts where it is written as one, or where the
words before it say so. Whoever looks decides; nothing is changed by finding.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal, get_args

from assistant.interchange.id_numbers import (
    is_card,
    is_cn_id,
    is_de_tax_id,
    is_es_dni,
    is_fr_nir,
    is_iban,
    is_uk_nino,
    is_us_ssn,
)

PersonalKind = Literal[
    "email", "iban", "card", "us_ssn", "uk_nino", "cn_id", "fr_nir", "es_dni", "de_tax_id", "ip",
    "phone",
]  # fmt: skip
KINDS: tuple[PersonalKind, ...] = get_args(PersonalKind)

TITLES: dict[PersonalKind, str] = {
    "email": "E-mail address",
    "phone": "Telephone number",
    "card": "Payment card",
    "iban": "IBAN",
    "us_ssn": "US social security number",
    "uk_nino": "UK national insurance number",
    "de_tax_id": "German tax id",
    "fr_nir": "French social security number",
    "es_dni": "Spanish DNI or NIE",
    "cn_id": "Chinese resident id",
    "ip": "IP address",
}
LABELS: dict[PersonalKind, str] = {
    "email": "[EMAIL]",
    "phone": "[PHONE]",
    "card": "[CARD]",
    "iban": "[IBAN]",
    "ip": "[IP]",
    "us_ssn": "[ID]",
    "uk_nino": "[ID]",
    "de_tax_id": "[ID]",
    "fr_nir": "[ID]",
    "es_dni": "[ID]",
    "cn_id": "[ID]",
}

_FORMS: dict[PersonalKind, str] = {
    "email": r"(?<![\w.+-])[\w.+-]{1,64}@(?:[A-Za-z0-9-]{1,63}\.){1,8}[A-Za-z]{2,24}(?![\w-])",
    "iban": r"(?<!\w)[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,4})?(?!\w)",
    "card": r"(?<![\w.,-])\d(?:[ -]?\d){12,18}(?![\w-]|[.,]\d)",
    "us_ssn": r"(?<![\w-])\d{3}-\d{2}-\d{4}(?![\w-])",
    "uk_nino": r"(?<!\w)[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z] ?\d{2} ?\d{2} ?\d{2} ?[A-D](?!\w)",
    "cn_id": r"(?<!\w)[1-9]\d{5}(?:19|20)\d{9}[\dXx](?!\w)",
    "fr_nir": (
        r"(?<!\w)[12] ?\d{2} ?(?:0[1-9]|1[0-2]|[2-9]\d) ?(?:\d{2}|2[AB])"
        r" ?\d{3} ?\d{3} ?\d{2}(?!\w)"
    ),
    "es_dni": r"(?<![\w-])(?:\d{8}|[XYZ]-?\d{7})-?[A-HJ-NP-TV-Z](?![\w-])",
    "de_tax_id": r"(?<![\w.,-])\d{2} ?\d{3} ?\d{3} ?\d{3}(?![\w-]|[.,]\d)",
    "ip": (
        r"(?<![\w.:])(?:\d{1,3}(?:\.\d{1,3}){3}|[0-9A-Fa-f]{0,4}(?::[0-9A-Fa-f]{0,4}){2,7})"
        r"(?![\w:]|\.\d)"
    ),
    # Written as a telephone number: +49 30 1234567, (555) 123-4567, 555-123-4567, 030 1234567.
    "phone": (
        r"(?<![\w+.,/-])(?:\+\d{1,3}[ .\-/]?(?:\(0?\d{1,5}\)[ .\-/]?)?\d(?:[ .\-/]?\d){5,12}"
        r"|\(0?\d{2,5}\)[ .\-/]?\d(?:[ .\-/]?\d){4,9}"
        r"|[2-9]\d{2}[.-][2-9]\d{2}[.-]\d{4}"
        r"|0\d{1,5}[ /-]\d{2,4}(?:[ -]?\d{2,4}){1,3})(?![\w-]|[.,/]\d)"
    ),
}
_CHECKS: dict[PersonalKind, Callable[[str], bool]] = {
    "iban": is_iban,
    "card": is_card,
    "us_ssn": is_us_ssn,
    "uk_nino": is_uk_nino,
    "cn_id": is_cn_id,
    "fr_nir": is_fr_nir,
    "es_dni": is_es_dni,
    "de_tax_id": is_de_tax_id,
}
_PATTERNS = {kind: re.compile(_FORMS[kind], re.ASCII) for kind in KINDS if kind != "email"}
_EMAIL = re.compile(_FORMS["email"])
# A number that the words before it call a telephone number, as in "the help line is on 4460 218".
_CALLED = re.compile(
    r"\b(?:phone|telephone|tel|fax|mobile|cell|call|calls|calling|dial|ring|hotline|help ?line|"
    r"help-line|whatsapp|text us|sms|telefon|tel\.|handy|mobil|anruf|rufnummer|t[ée]l[ée]phone|"
    r"portable|tel[ée]fono|m[óo]vil|telefono|cellulare)\b",
    re.IGNORECASE,
)
_DIGITS = re.compile(r"(?<![\w+.,/:-])\(?\d[\d ()/-]{4,18}\d(?![\w%:-]|[.,/]\d)", re.ASCII)
_CALLED_WITHIN = 48  # characters before the number
_UNITS = re.compile(
    r"\s?(?:%|°|(?:[kcmµn]?[mgl]|km|hours?|minutes?|days?|seconds?|euros?|eur|usd|dollars?|pounds?|"
    r"litres?|liters?|watts?|volts?|cups?|years?|months?|weeks?|times|times?)\b)",
    re.IGNORECASE,
)
_NOT_BEFORE = re.compile(r"(?:ISBN|ISSN|DOI|EAN|GTIN|UPC|version|v)[-:. ]*(?:1[03])?[-:. ]*$", re.I)
_FEWEST_DIGITS, _MOST_DIGITS = 6, 15  # E.164 has at most 15


@dataclass(frozen=True, slots=True)
class PersonalData:
    """What was found: its kind, and its characters in the text."""

    kind: PersonalKind
    start: int
    end: int
    text: str


def personal_data(text: str) -> list[PersonalData]:
    """All that was found, in order, none over another: the surer kind has it."""
    found: list[PersonalData] = []
    if not any(mark in text for mark in "@:") and not any(map(str.isdigit, text)):
        return found
    for one in _candidates(text):
        if all(one.end <= other.start or other.end <= one.start for other in found):
            found.append(one)
    return sorted(found, key=lambda one: one.start)


def _candidates(text: str) -> Iterator[PersonalData]:
    """What could be personal data, the surest kinds first."""
    if "@" in text:
        for match in _EMAIL.finditer(text):
            yield PersonalData("email", *match.span(), match.group())
    for kind, pattern in _PATTERNS.items():
        for match in pattern.finditer(text):
            if _holds(kind, text, match):
                yield PersonalData(kind, *match.span(), match.group())
    for match in _DIGITS.finditer(text) if _CALLED.search(text) else ():
        number = match.group().strip(" ()-/")
        start = match.start() + match.group().index(number)
        if _is_called(text, start, number):
            yield PersonalData("phone", start, start + len(number), number)


def _holds(kind: PersonalKind, text: str, match: re.Match[str]) -> bool:
    if _NOT_BEFORE.search(text[max(0, match.start() - 16) : match.start()]):
        return False
    if kind == "ip":
        return _is_ip(match.group())
    if kind == "phone":
        return len(re.sub(r"\D", "", match.group())) <= _MOST_DIGITS
    return _CHECKS[kind](match.group())


def _is_ip(text: str) -> bool:
    """An address on the public net; those of a home network or of examples name nobody."""
    try:
        return ipaddress.ip_address(text).is_global
    except ValueError:
        return False


def _is_called(text: str, start: int, number: str) -> bool:
    """Whether a group of digits is called a telephone number in the words before it."""
    digits = sum(map(str.isdigit, number))
    if not _FEWEST_DIGITS <= digits <= _MOST_DIGITS:
        return False
    if _UNITS.match(text, start + len(number)) or re.fullmatch(r"(?:19|20)\d\d-\d\d-\d\d", number):
        return False
    return bool(_CALLED.search(text, max(0, start - _CALLED_WITHIN), start))
