from __future__ import annotations

from html.parser import HTMLParser

import pytest

from assistant.records import Citation
from assistant.ui.answer_text import UNSUPPORTED, answer_html


class _Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.seen: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append((tag, dict(attrs)))


def tags(html: str) -> list[tuple[str, dict[str, str | None]]]:
    parser = _Tags()
    parser.feed(html)
    return parser.seen


def cited(text: str, sentence: str, marker: int = 1) -> Citation:
    start = text.index(sentence)
    return Citation(
        marker, "d", "manual.pdf", 7, 4, 0, 9, "a passage", start, start + len(sentence)
    )


@pytest.mark.parametrize(
    "hostile",
    [
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        "![seen](http://evil.example/pixel.png)",
        "![a][b]\n\n[b]: http://evil.example/pixel.png",
        "[press](javascript:alert(1))",
        "[press](http://evil.example/?q=secret)",
        "<http://evil.example>",
        "<iframe src=//evil.example></iframe>",
        "```html\n<script>alert(1)</script>\n```",
        "`<b onmouseover=alert(1)>`",
        "| a |\n|---|\n| <svg onload=alert(1)> |",
        '<a href="http://evil.example">x</a>',
        "&lt;script&gt;alert(1)&lt;/script&gt;",
        "\ue0009\ue001 \ue002<b>\ue003",
    ],
)
def test_nothing_of_an_answer_is_loaded_or_run(hostile: str) -> None:
    allowed = {"p", "code", "pre", "table", "thead", "tbody", "tr", "th", "td", "span", "br"}
    for tag, attributes in tags(answer_html(hostile, (), True)):
        assert tag in allowed, (tag, hostile)
        assert set(attributes) <= {"class", "title"}, (attributes, hostile)


def test_markdown_is_shown_as_such() -> None:
    html = answer_html("# Tank\n\nIt holds **1.8** litres.\n\n- one\n- two")
    assert '<p class="heading">Tank</p>' in html
    assert "<strong>1.8</strong>" in html
    assert html.count("<li>") == 2


def test_a_marker_stands_after_the_sentence_that_it_supports() -> None:
    text = "The tank holds 1.8 litres. It is blue."
    html = answer_html(text, (cited(text, "The tank holds 1.8 litres."),))
    before, _, after = html.partition('<button type="button" class="cite"')
    assert before.endswith("1.8 litres.")
    assert 'data-marker="1"' in after and "It is blue." in after


def test_a_marker_leaves_bold_text_bold() -> None:
    text = "**The tank holds 1.8 litres.** It is blue."
    html = answer_html(text, (cited(text, "**The tank holds 1.8 litres.**"),))
    assert "<strong>The tank holds 1.8 litres.</strong>" in html


def test_an_answer_cannot_forge_a_marker() -> None:
    assert "cite" not in answer_html("Sure \ue0001\ue001.")


def test_statements_without_support_are_underlined_and_others_are_not() -> None:
    text = "The tank holds 1.8 litres. It was drawn by Edda Holm in 2019. That is all."
    html = answer_html(text, (cited(text, "The tank holds 1.8 litres."),), True)
    assert html.count("unsupported") == 1
    assert f'title="{UNSUPPORTED}">It was drawn by Edda Holm in 2019.</span>' in html


def test_underlining_leaves_lists_whole() -> None:
    html = answer_html("- It weighs 9 kg\n- It costs 400 euros", (), True)
    assert html.count("<li>") == 2 and html.count("unsupported") == 2
