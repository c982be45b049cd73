"""Numbers of people and accounts that carry check digits, and whether these are right."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import date

# Lengths of the IBAN registry (SWIFT, IBAN Registry); others count where the check digits are right
# and the length is within the standard's 15 to 34.
_IBAN_LENGTHS = {
    "AT": 20, "BE": 16, "BG": 22, "CH": 21, "CY": 28, "CZ": 24, "DE": 22, "DK": 18, "EE": 20,
    "ES": 24, "FI": 18, "FR": 27, "GB": 22, "GR": 27, "HR": 21, "HU": 28, "IE": 22, "IS": 26,
    "IT": 27, "LI": 21, "LT": 20, "LU": 20, "LV": 21, "MT": 31, "NL": 18, "NO": 15, "PL": 28,
    "PT": 25, "RO": 24, "SE": 24, "SI": 19, "SK": 24,
}  # fmt: skip
_DNI_LETTERS = "TRWAGMYFPDXBNJZSQVHLCKE"
_CN_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_NINO_UNUSED = ("BG", "GB", "KN", "NK", "NT", "TN", "ZZ")


def is_card(text: str) -> bool:
    """A payment card: 13 to 19 digits of a card network, with a Luhn digit (ISO/IEC 7812-1)."""
    digits = _digits(text)
    if not 13 <= len(digits) <= 19 or digits[0] not in "23456" or len(set(digits)) < 3:
        return False
    total = 0
    for place, digit in enumerate(map(int, reversed(digits))):
        doubled = digit * 2 if place % 2 else digit
        total += doubled - 9 if doubled > 9 else doubled
    return total % 10 == 0


def is_iban(text: str) -> bool:
    """An IBAN: the registry's length and a remainder of 1 modulo 97 (ISO 13616)."""
    compact = "".join(text.split()).upper()
    if len(compact) != _IBAN_LENGTHS.get(compact[:2], len(compact)) or not 15 <= len(compact) <= 34:
        return False
    moved = compact[4:] + compact[:4]
    return int("".join(str(int(letter, 36)) for letter in moved)) % 97 == 1


def is_us_ssn(text: str) -> bool:
    """A number that the Social Security Administration may have given out."""
    area, group, serial = text[:3], text[4:6], text[7:]
    return area not in ("000", "666") and area[0] != "9" and group != "00" and serial != "0000"


def is_uk_nino(text: str) -> bool:
    """A National Insurance number: its prefix is one that is given out."""
    return "".join(text.split())[:2].upper() not in _NINO_UNUSED


def is_de_tax_id(text: str) -> bool:
    """A German tax id: one digit twice or three times among ten, and ISO/IEC 7064 mod 11,10."""
    digits = _digits(text)
    counts = sorted(Counter(digits[:10]).values())
    if len(digits) != 11 or digits[0] == "0" or counts[-1] not in (2, 3) or counts[:-1][-1:] != [1]:
        return False
    product = 10
    for digit in map(int, digits[:10]):
        total = (digit + product) % 10 or 10
        product = total * 2 % 11
    return (11 - product) % 10 == int(digits[10])


def is_fr_nir(text: str) -> bool:
    """A French social security number: its key is 97 less the rest of the number by 97."""
    compact = "".join(text.split()).upper().replace("2A", "19").replace("2B", "18")
    if len(compact) != 15 or not compact.isdigit():
        return False
    return 97 - int(compact[:13]) % 97 == int(compact[13:])


def is_es_dni(text: str) -> bool:
    """A Spanish DNI or NIE: its letter is the one of the number's rest by 23."""
    compact = text.upper().replace("-", "").replace(" ", "")
    number = compact[:-1].translate(str.maketrans("XYZ", "012"))
    return len(number) == 8 and _DNI_LETTERS[int(number) % 23] == compact[-1]


def is_cn_id(text: str) -> bool:
    """A Chinese resident id: a date of birth, and ISO 7064 mod 11-2 (GB 11643)."""
    try:
        date(int(text[6:10]), int(text[10:12]), int(text[12:14]))
    except ValueError:
        return False
    total = sum(int(digit) * weight for digit, weight in zip(text, _CN_WEIGHTS, strict=False))
    return "10X98765432"[total % 11] == text[17].upper()


Checked = Callable[[str], bool]


def _digits(text: str) -> str:
    return "".join(filter(str.isdigit, text))
