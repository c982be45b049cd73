"""E-mail: the subject as heading, who wrote to whom and when, then what was written."""

from __future__ import annotations

import re
from email import policy
from email.message import EmailMessage, MIMEPart
from email.parser import BytesParser
from pathlib import Path

from retrieval.errors import UnreadableDocument
from retrieval.loaders.office import converted
from retrieval.loaders.opening import Opening
from retrieval.loaders.parsed import Parsed, TextBuilder, clean_line
from retrieval.loaders.text import add_paragraph, refuse_binary
from retrieval.loaders.web import add_html

_OLE_SIGNATURE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_TOLD = ("From", "To", "Cc", "Date")
_FIELD = re.compile(r"^\*\*(From|To|Cc|Date|Sent|Subject):\*\*[ \t]*(.*)$", re.MULTILINE)
_QUOTED = re.compile(r"^(?:>[ \t]?)+")
_PARAGRAPH_BREAK = re.compile(r"\n[^\S\n]*(?:\n[^\S\n]*)+")
_SHOWN_ATTACHMENTS = 10


def read_eml(path: Path, name: str, _: Opening) -> Parsed:
    """An e-mail as mail programs save it. Attachments are named, not read."""
    data = path.read_bytes()
    refuse_binary(data, name)
    message = BytesParser(policy=policy.default).parsebytes(data)
    if not any(message.get(field) for field in ("From", "To", "Subject", "Date", "Received")):
        raise UnreadableDocument(
            f"{name} is not an e-mail inside, whatever its name says: add the original document."
        )
    builder = TextBuilder()
    fields = {field: _header(message, field) for field in _TOLD}
    _add_head(builder, _header(message, "Subject"), fields)
    warnings = _add_body(builder, message, name)
    return builder.parsed(warnings=warnings)


def read_msg(path: Path, name: str, _: Opening) -> Parsed:
    """An Outlook message through markitdown."""
    data = path.read_bytes()
    if not data.startswith(_OLE_SIGNATURE):
        raise UnreadableDocument(
            f"{name} is not an Outlook message inside: add the original document."
        )
    head, _content, body = converted(data, ".msg", name).partition("## Content")
    fields = {field: clean_line(value) for field, value in _FIELD.findall(head)}
    builder = TextBuilder()
    _add_head(builder, fields.pop("Subject", ""), fields)
    _add_plain(builder, body)
    return builder.parsed()


def _header(message: EmailMessage, field: str) -> str:
    try:
        return clean_line(str(message.get(field, "")))
    except (ValueError, IndexError, AttributeError, TypeError):  # what the parser fails on
        return ""


def _add_head(builder: TextBuilder, subject: str, fields: dict[str, str]) -> None:
    builder.heading(subject or "E-mail without a subject", 1)
    builder.lines("\n".join(f"{field}: {value}" for field, value in fields.items() if value))


def _add_body(builder: TextBuilder, message: EmailMessage, name: str) -> tuple[str, ...]:
    body = message.get_body(preferencelist=("plain", "html"))
    if body is not None:
        content = _content(body)
        if body.get_content_subtype() == "html":
            add_html(builder, content, name, within=1)
        else:
            _add_plain(builder, content)
    attached = [part.get_filename() or "one without a name" for part in message.iter_attachments()]
    if not attached:
        return ()
    shown = ", ".join(map(clean_line, attached[:_SHOWN_ATTACHMENTS]))
    more = " and others" if len(attached) > _SHOWN_ATTACHMENTS else ""
    return (f"Attachments were not read: {shown}{more}; add them as files of their own.",)


def _content(part: MIMEPart) -> str:
    try:
        return str(part.get_content())
    except (LookupError, UnicodeError):  # an encoding that does not exist
        data = part.get_payload(decode=True)
        return data.decode("utf-8", "replace") if isinstance(data, bytes) else str(data)


def _add_plain(builder: TextBuilder, text: str) -> None:
    """Paragraphs; quoted ones without their marks."""
    lines = [_QUOTED.sub("", line) for line in text.replace("\r\n", "\n").split("\n")]
    for paragraph in _PARAGRAPH_BREAK.split("\n".join(lines)):
        if paragraph.strip():
            add_paragraph(builder, paragraph)
