"""The names of languages by their ISO 639-1 codes, as `retrieval.language` tells them."""

from __future__ import annotations

_NAMES = dict(
    pair.split(":")
    for pair in (
        "af:Afrikaans am:Amharic an:Aragonese ar:Arabic as:Assamese az:Azerbaijani ba:Bashkir "
        "be:Belarusian bg:Bulgarian bn:Bengali br:Breton bs:Bosnian ca:Catalan cs:Czech cy:Welsh "
        "da:Danish de:German dz:Dzongkha el:Greek en:English eo:Esperanto es:Spanish et:Estonian "
        "eu:Basque fa:Persian fi:Finnish fo:Faroese fr:French fy:Frisian ga:Irish gl:Galician "
        "gu:Gujarati ha:Hausa he:Hebrew hi:Hindi hr:Croatian hu:Hungarian hy:Armenian "
        "id:Indonesian ig:Igbo is:Icelandic it:Italian ja:Japanese jv:Javanese ka:Georgian "
        "kk:Kazakh km:Khmer kn:Kannada ko:Korean ku:Kurdish ky:Kyrgyz la:Latin lb:Luxembourgish "
        "lg:Ganda ln:Lingala lo:Lao lt:Lithuanian lv:Latvian mg:Malagasy mk:Macedonian "
        "ml:Malayalam mn:Mongolian mr:Marathi ms:Malay mt:Maltese my:Burmese ne:Nepali nl:Dutch "
        "no:Norwegian oc:Occitan om:Oromo or:Odia pa:Punjabi pl:Polish ps:Pashto pt:Portuguese "
        "qu:Quechua ro:Romanian ru:Russian rw:Kinyarwanda sa:Sanskrit si:Sinhala sk:Slovak "
        "sl:Slovenian sn:Shona so:Somali sq:Albanian sr:Serbian sv:Swedish sw:Swahili ta:Tamil "
        "te:Telugu tg:Tajik th:Thai tk:Turkmen tl:Tagalog tr:Turkish tt:Tatar ug:Uyghur "
        "uk:Ukrainian ur:Urdu uz:Uzbek vi:Vietnamese wa:Walloon xh:Xhosa yo:Yoruba zh:Chinese "
        "zu:Zulu"
    ).split()
) | {
    "gd": "Scottish Gaelic",
    "ht": "Haitian Creole",
    "nn": "Norwegian Nynorsk",
    "se": "Northern Sami",
    "st": "Southern Sotho",
    "vo": "Volapük",
}


def language_name(code: str | None) -> str:
    """The English name; the code where it has none here, a dash for no language."""
    return _NAMES.get(code, code) if code else "–"
