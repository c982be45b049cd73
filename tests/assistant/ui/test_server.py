"""What the web server allows and refuses, and that a forged post changes nothing."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from assistant.comparison import Compared
from assistant.errors import InvalidRequest
from assistant.records import Assistant, Comparison
from assistant.settings import Settings
from assistant.ui import serve
from assistant.ui.page_pictures import picture_address
from assistant.ui.server import make_app
from assistant.ui.services import Services
from assistant.ui.voter import COOKIE
from assistant.voters import new_voter, voter_of
from assistant.workspace import Workspace

HOME = "http://127.0.0.1:7860"


@pytest.fixture
def browser(workspace: Workspace, services: Services) -> Iterator[TestClient]:
    app = make_app(workspace, services.preparation, "127.0.0.1", 7860)
    with TestClient(app, base_url=HOME) as client:
        yield client


@pytest.fixture
def compared(services: Services, kettle: Assistant) -> Comparison:
    talk = services.arena.start(kettle, "rag", "base", True)
    events = services.arena.compare(talk.id, "How big is it?", "5" * 32, threading.Event())
    return next(event.comparison for event in events if isinstance(event, Compared))


def configuration(browser: TestClient) -> dict[str, Any]:
    config: dict[str, Any] = browser.get("/config").json()
    return config


def component(config: dict[str, Any], elem_id: str) -> int:
    return next(
        int(part["id"]) for part in config["components"] if part["props"].get("elem_id") == elem_id
    )


def pressed(config: dict[str, Any], elem_id: str, event: str = "click") -> dict[str, Any]:
    """The event that a press of a component starts."""
    wanted = [component(config, elem_id), event]
    return next(
        one for one in config["dependencies"] if wanted in [list(t) for t in one["targets"]]
    )


def post(
    browser: TestClient,
    event: dict[str, Any],
    data: list[Any],
    session: str,
    pressed: tuple[int, dict[str, str]] = (0, {}),
) -> str:
    """Start an event as the page does, at once or through the queue: what came back, as text.

    pressed: the component that was pressed and what its press says, where the event asks for it.
    """
    trigger, sent = pressed
    body = {
        "data": data,
        "fn_index": event["id"],
        "session_hash": session,
        "event_data": sent or None,
        "trigger_id": trigger,
    }
    if event["queue"] is False:
        answer = browser.post("/gradio_api/run/predict", json=body)
    else:
        assert browser.post("/gradio_api/queue/join", json=body).status_code == 200
        answer = browser.get(f"/gradio_api/queue/data?session_hash={session}")
    assert answer.status_code == 200, answer.text
    return answer.text


def test_the_page_is_served_with_a_signed_cookie_that_no_script_reads(
    browser: TestClient, workspace: Workspace
) -> None:
    answer = browser.get("/")
    assert answer.status_code == 200
    cookie = answer.headers["set-cookie"]
    assert "HttpOnly" in cookie and "SameSite=Lax" in cookie
    assert voter_of(browser.cookies[COOKIE], workspace.store.secret())
    assert "set-cookie" not in browser.get("/").headers, "a known voter keeps the cookie"


def test_a_forged_cookie_is_replaced(browser: TestClient, workspace: Workspace) -> None:
    browser.cookies.set(COOKIE, new_voter(b"another secret" * 3))
    assert COOKIE in browser.get("/").headers["set-cookie"]


def test_the_browser_is_told_to_load_from_here_alone(browser: TestClient) -> None:
    headers = browser.get("/").headers
    policy = headers["content-security-policy"]
    assert "default-src 'self'" in policy and "http:" not in policy and "*" not in policy
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"


def test_a_foreign_host_name_is_refused(browser: TestClient) -> None:
    assert browser.get("/", headers={"host": "evil.example"}).status_code == 403
    assert browser.get("/", headers={"host": "localhost:7860"}).status_code == 200


def test_a_post_from_another_site_is_refused(browser: TestClient) -> None:
    event = pressed(configuration(browser), "vote-left")
    body = {"data": [], "fn_index": event["id"], "session_hash": "s"}
    foreign = {"origin": "http://evil.example", "sec-fetch-site": "cross-site"}
    answer = browser.post("/gradio_api/run/predict", json=body, headers=foreign)
    assert "access-control-allow-origin" not in answer.headers
    form = {"content-type": "text/plain", **foreign}
    assert browser.post("/gradio_api/run/predict", content=json.dumps(body), headers=form).is_error


@pytest.mark.parametrize("name", ["duet.db", "assistants/kestrel/corpus.db"])
def test_no_stored_file_can_be_fetched(
    browser: TestClient, kettle: Assistant, settings: Settings, name: str
) -> None:
    path = settings.home / name
    assert path.exists()
    for address in (f"/gradio_api/file={path}", f"/file={path}", f"/gradio_api/file={path}/../x"):
        assert browser.get(address).status_code in (403, 404)
    assert browser.get("/gradio_api/file=/etc/passwd").status_code in (403, 404)


def test_every_event_is_private_and_nothing_is_recorded(browser: TestClient) -> None:
    config = configuration(browser)
    assert {one["api_visibility"] for one in config["dependencies"]} == {"private"}
    assert browser.get("/gradio_api/info").json() == {
        "named_endpoints": {},
        "unnamed_endpoints": {},
    }
    assert not config.get("run_history") and config["analytics_enabled"] is False
    assert config["footer_links"] == []
    for closed in ("/docs", "/openapi.json", "/monitoring"):
        assert browser.get(closed).status_code in (403, 404)


def test_one_question_is_answered_at_a_time(browser: TestClient, services: Services) -> None:
    from assistant.ui.services import MODEL_QUEUE

    assert MODEL_QUEUE["concurrency_id"] == "model" and MODEL_QUEUE["concurrency_limit"] == 1
    config = configuration(browser)
    assert pressed(config, "stop")["queue"] is False, "a queue would hold Stop back"


def test_a_vote_with_a_made_up_comparison_counts_nothing(
    browser: TestClient, workspace: Workspace, kettle: Assistant, compared: Comparison
) -> None:
    browser.get("/")
    event = pressed(configuration(browser), "vote-left")
    data: list[Any] = [None] * len(event["inputs"])
    for forged in (compared.id, "made-up"):
        post(browser, event, [forged] * len(data), "forger")
    assert workspace.store.votes(kettle.id) == []


def test_a_vote_without_the_cookie_counts_nothing(
    workspace: Workspace, services: Services, kettle: Assistant, compared: Comparison
) -> None:
    app = make_app(workspace, services.preparation, "127.0.0.1", 7860)
    with TestClient(app, base_url=HOME) as browser:
        config = configuration(browser)
        opened = open_conversation(browser, config, kettle, compared)
        vote(browser, config, opened, "left")
    assert workspace.store.votes(kettle.id) == []


def test_a_vote_from_the_page_counts_once_however_often_it_is_posted(
    browser: TestClient, workspace: Workspace, kettle: Assistant, compared: Comparison
) -> None:
    browser.get("/")
    config = configuration(browser)
    session = open_conversation(browser, config, kettle, compared)
    for _ in range(3):
        vote(browser, config, session, "left")
    (counted,) = workspace.store.votes(kettle.id)
    assert counted.vote.blind and counted.vote.choice == "left"
    assert counted.vote.voter == voter_of(browser.cookies[COOKIE], workspace.store.secret())


@pytest.mark.parametrize("name", ["Documents", "Examples", "Training", "Results"])
def test_a_tab_opened_before_the_page_has_its_assistant_waits(
    browser: TestClient, workspace: Workspace, name: str
) -> None:
    config = configuration(browser)
    tab = next(
        int(part["id"]) for part in config["components"] if part["props"].get("label") == name
    )
    filled = [
        one
        for one in config["dependencies"]
        if [[tab, "select"]] == [list(t) for t in one["targets"]]
    ]
    later: set[int] = set()
    told: set[int] = set()
    for one in config["dependencies"]:
        changed = any(name == "change" for _, name in map(tuple, one["targets"]))
        if changed or one["trigger_after"] in later:
            later.add(one["id"])
            told.update(one["outputs"])
    assert filled and all(set(one["outputs"]) <= told for one in filled)

    def shown() -> str:
        return " ".join(post(browser, one, [None] * len(one["inputs"]), "s") for one in filled)

    assert "There is no assistant yet" in shown()
    workspace.create("Kestrel", "Answers about the Kestrel kettle")
    assert "notice" not in shown(), "it is filled when the assistant arrives"


def test_what_sets_a_state_that_others_listen_to_goes_through_the_queue(
    browser: TestClient,
) -> None:
    """Outside the queue Gradio's page tells no listener that a State has changed."""
    config = configuration(browser)
    states = {int(one["id"]) for one in config["components"] if one["type"] == "state"}
    heard = {
        one
        for event in config["dependencies"]
        for one, name in event["targets"]
        if name == "change"
    } & states
    deaf = [
        (event["targets"], sorted(heard & set(event["outputs"])))
        for event in config["dependencies"]
        if event["queue"] is False and heard & set(event["outputs"])
    ]
    assert len(heard) >= 3 and not deaf


def open_conversation(
    browser: TestClient, config: dict[str, Any], assistant: Assistant, compared: Comparison
) -> str:
    """Load the page and open the conversation, as presses would."""
    session = "page"
    load = next(one for one in config["dependencies"] if one["targets"][0][1] == "load")
    post(browser, load, [], session)
    sent = {"action": "open", "id": compared.conversation_id}
    event, place = pressed(config, "conversations"), component(config, "conversations")
    assert "How big is it?" in post(
        browser, event, [None] * len(event["inputs"]), session, (place, sent)
    )
    return session


def vote(browser: TestClient, config: dict[str, Any], session: str, choice: str) -> None:
    event = pressed(config, f"vote-{choice}")
    data: list[Any] = [None] * len(event["inputs"])
    data[3:6] = ["rag", "base", True]
    data[6] = ""
    post(browser, event, data, session)


def test_votes_are_downloaded_without_who_voted(
    browser: TestClient, services: Services, kettle: Assistant, compared: Comparison
) -> None:
    services.arena.vote(compared.id, "5" * 32, "right")
    csv = browser.get(f"/downloads/{kettle.slug}/votes.csv")
    assert "attachment" in csv.headers["content-disposition"]
    assert "How big is it?" in csv.text and "5" * 32 not in csv.text
    (line,) = browser.get(f"/downloads/{kettle.slug}/votes.jsonl").text.splitlines()
    assert json.loads(line)["choice"] == "right"
    table = browser.get(f"/downloads/{kettle.slug}/tables/pairs.csv")
    assert table.text.startswith("first,second,n,wins") and "attachment" in str(table.headers)
    assert browser.get(f"/downloads/{kettle.slug}/tables/nothing.csv").status_code == 404
    assert browser.get("/downloads/nobody/tables/pairs.csv").status_code == 404
    assert browser.get("/downloads/nobody/votes.csv").status_code == 404
    assert browser.get(f"/downloads/{kettle.slug}/votes.exe").status_code == 404


def test_a_page_is_drawn_and_every_other_address_is_refused(
    browser: TestClient, workspace: Workspace, kettle: Assistant
) -> None:
    manual = Path(__file__).parents[3] / "datasets/aurora/documents/manual.pdf"
    corpus = workspace.corpus(kettle)
    corpus.add([manual])
    document = corpus.document("manual.pdf")
    picture = browser.get(picture_address(kettle.slug, document.id, 1, 2))
    assert picture.status_code == 200 and picture.content.startswith(b"\x89PNG")
    assert picture.headers["content-type"] == "image/png"
    text = corpus.document("manual.md")
    assert document.pages is not None
    for address in (
        picture_address(kettle.slug, document.id, 2, 1),
        picture_address(kettle.slug, document.id, 1, document.pages + 1),
        picture_address(kettle.slug, document.id, 1, 0),
        picture_address(kettle.slug, text.id, 1, 1),
        picture_address(kettle.slug, "none", 1, 1),
        picture_address("none", document.id, 1, 1),
    ):
        assert browser.get(address).status_code == 404, address


def test_a_taken_port_is_said_in_one_sentence(settings: Settings) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(InvalidRequest, match=f"Port {port} is taken.*--port {port + 1}"):
            serve(settings, "127.0.0.1", port)
    assert not settings.home.exists(), "nothing was made"


@pytest.mark.slow  # a process that serves
def test_nothing_heavy_is_imported_before_the_page_is_up() -> None:
    code = (
        "import sys, assistant.ui.server, assistant.workspace; "
        "print([m for m in ('torch', 'transformers', 'plotly', 'faiss', 'trl', 'peft', "
        "'sentence_transformers') if m in sys.modules])"
    )
    environment = {**os.environ, "GRADIO_ANALYTICS_ENABLED": "False"}
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env=environment, check=True
    )
    assert done.stdout.strip() == "[]"
