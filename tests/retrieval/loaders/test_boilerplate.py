"""Menus, footers and notices of web pages go and are told; content that resembles them stays."""

from __future__ import annotations

from pathlib import Path

import pytest

from retrieval.loaders.formats import load
from retrieval.loaders.parsed import Parsed
from retrieval.loaders.web import parse_html


def links(count: int, words: str = "Page") -> str:
    return "".join(f'<li><a href="/{n}">{words} {n}</a></li>' for n in range(count))


def page(*parts: str) -> Parsed:
    body = "<h1>Kettle</h1><p>The tank holds two litres of water.</p>"
    return parse_html(f"<body>{''.join(parts)}{body}</body>", "page.html")


BOILERPLATE = {
    "nav": f"<nav><ul>{links(3)}</ul></nav>",
    "role": f'<div role="navigation">{links(3)}</div>',
    "menu": f'<div class="main-menu"><ul>{links(4)}</ul></div>',
    "sidebar": f'<div id="sidebar"><p>See also</p><ul>{links(5)}</ul></div>',
    "footer": f"<footer><ul>{links(4)}</ul><p>Contact</p></footer>",
    "rights": "<footer>\u00a9 2024 Kettle Works. All rights reserved.</footer>",
    "cookies": '<div id="cookie-banner"><p>We use cookies to improve this page.</p>'
    '<a href="/x">Accept</a></div>',
    "consent": '<div class="gdpr-consent">Your consent matters: cookies. <a>OK</a></div>',
    "breadcrumb": f'<ol class="breadcrumb">{links(3, "Level")}</ol>',
    "dialog": '<div role="dialog">Subscribe to our letter</div>',
}


@pytest.mark.parametrize("kind", BOILERPLATE)
def test_boilerplate_goes_and_is_told(kind: str) -> None:
    parsed = page(BOILERPLATE[kind])
    assert parsed.text == "Kettle\n\nThe tank holds two litres of water."
    assert "left out (1 part)" in parsed.warnings[0]


CONTENT = {
    "footer with an address": "<footer><p>Call 555 0199 from nine to five.</p></footer>",
    "footer of an article": f"<article><p>Text.</p><footer><ul>{links(4)}</ul></footer></article>",
    "list of links in the text": f"<p>Further reading:</p><ul>{links(8)}</ul>",
    "links with descriptions": "<ul class='related'>"
    + "".join(
        f'<li><a href="/{n}">Guide {n}</a> tells how the valve of model {n} is cleaned.</li>'
        for n in range(5)
    )
    + "</ul>",
    "menu of a restaurant": '<div class="menu"><p>Soup 4 EUR</p><p>Stew 9 EUR</p></div>',
    "recipe with cookies": '<div id="cookies"><p>Bake until brown, twelve minutes.</p></div>',
    "page about consent": '<section class="consent"><p>The patient signs the form.</p></section>',
    "aside": "<aside>Mind that steam burns the hand at once.</aside>",
    "header with the title": "<header><p>Kettle works since 1890.</p></header>",
    "social insurance": '<section class="social"><p>The office pays the insurance.</p></section>',
    "table with links": "<table><tr><th>Model</th><th>Sheet</th></tr>"
    '<tr><td><a href="/a">A1</a></td><td><a href="/b">Sheet of A1</a></td></tr></table>',
}


@pytest.mark.parametrize("kind", CONTENT)
def test_content_stays(kind: str) -> None:
    parsed = page(CONTENT[kind])
    plain = parse_html(f"<body>{CONTENT[kind]}</body>", "page.html")
    assert plain.text and plain.text in parsed.text and not parsed.warnings


def test_a_list_of_links_outside_the_article_goes() -> None:
    source = f"<ul>{links(6)}</ul><main><p>Text of the page.</p><ul>{links(6)}</ul></main>"
    parsed = parse_html(source, "page.html")
    assert parsed.text.startswith("Text of the page.") and parsed.text.count("Page 5") == 1


def test_a_page_of_nothing_but_menus_is_read_with_them() -> None:
    parsed = parse_html(f"<nav><ul>{links(3)}</ul></nav>", "page.html")
    assert "Page 2" in parsed.text and not parsed.warnings


def test_real_pages(shared_data: Path) -> None:
    folder = shared_data / "documents" / "markitdown"
    wiki = load(folder / "test_wikipedia.html", "wiki.html", 10**7)
    assert "Microsoft was founded by Bill Gates" in wiki.text
    assert "Donate" not in wiki.text.split() and "What links here" not in wiki.text
    blog = load(folder / "test_blog.html", "blog.html", 10**7)
    assert (
        "Does Model and Inference Parameter Matter" in blog.text and "left out" in blog.warnings[0]
    )
