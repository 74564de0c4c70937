"""Who is let in to the page, and by which name."""

from pathlib import Path

import pytest
from starlette.testclient import TestClient

from gateway.stores.embedded import EmbeddedStore
from gateway.web import Guard, create_app

TOKEN = "a-token-of-twenty-six-chars"
HOST = "gauges.example.org"


@pytest.fixture
def open_client(basin, tmp_path):
    def client(token=TOKEN, host=HOST):
        guard = Guard(("127.0.0.1", HOST), token)
        app = create_app(EmbeddedStore(tmp_path / "none.sqlite"), basin, Path(tmp_path), lambda: 0, None, guard)
        return TestClient(app, base_url=f"https://{host}", follow_redirects=False)

    return client


@pytest.mark.parametrize("host", [HOST, f"{HOST}:8080", "127.0.0.1:8080", "GAUGES.example.org"])
def test_the_page_answers_by_its_own_names(open_client, host):
    assert open_client(token=None).get("/", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize("host", ["evil.example.org", f"{HOST}.evil.org", "127.0.0.1.evil.org", ""])
def test_the_page_answers_by_no_other_name(open_client, host):
    answer = open_client(token=None).get("/", headers={"Host": host})
    assert answer.status_code == 400
    assert "Test" not in answer.text


WRONG = {
    "nothing": {},
    "another token": {"Authorization": "Bearer another-token-of-some-length"},
    "the token with another scheme": {"Authorization": f"Basic {TOKEN}"},
    "the beginning of the token": {"Authorization": f"Bearer {TOKEN[:-1]}"},
    "the token as a cookie": {"Cookie": f"rivergauge={TOKEN}"},
    "a cookie that is none": {"Cookie": "rivergauge"},
    "letters beyond ASCII": {"Authorization": "Bearer жетон".encode()},
}


@pytest.mark.parametrize("headers", WRONG.values(), ids=WRONG.keys())
@pytest.mark.parametrize("path", ["/", "/api/stations", "/static/style.css", "/readyz", "/metrics", "/nowhere"])
def test_without_the_token_nothing_is_shown(open_client, headers, path):
    answer = open_client().get(path, headers=headers)
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"] == "Bearer"
    assert answer.headers["Content-Security-Policy"].startswith("default-src 'none'")


def test_a_program_shows_the_token_each_time(open_client):
    client = open_client()
    assert client.get("/api/stations", headers={"Authorization": f"Bearer {TOKEN}"}).status_code == 200
    assert client.get("/api/stations").status_code == 401


def test_a_browser_shows_it_once_and_is_known_by_a_cookie_that_is_not_the_token(open_client):
    client = open_client()
    first = client.get(f"/stations/upper?days=7&token={TOKEN}")
    assert (first.status_code, first.headers["Location"]) == (303, "/stations/upper?days=7")
    cookie = first.headers["Set-Cookie"]
    assert TOKEN not in cookie
    assert all(word in cookie.lower() for word in ("httponly", "samesite=lax", "secure"))
    assert client.get("/stations/upper?days=7").status_code == 200


def test_a_wrong_token_in_the_address_gives_no_cookie(open_client):
    answer = open_client().get("/?token=wrong")
    assert answer.status_code == 401
    assert "Set-Cookie" not in answer.headers


def test_the_token_leads_to_no_other_host(open_client):
    answer = open_client().get(f"https://{HOST}//evil.example.org/?token={TOKEN}")
    assert answer.headers["Location"] == "/evil.example.org/"


def test_a_supervisor_may_ask_whether_the_process_answers(open_client):
    assert open_client().get("/healthz").json() == {"status": "ok"}
