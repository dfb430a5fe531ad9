"""Who may look at the console and who may act: password, sessions, tokens, and other sites."""

import json
from datetime import timedelta
from pathlib import Path

import pytest
from pydantic import SecretStr

from tests.make import NOW, dead
from tests.support.asgi_client import ask
from tests.support.consoles import PASSWORD, SAME_ORIGIN, Visitor, console
from worker.errors import BadConfig
from worker.settings import Settings
from worker.store.access_values import AccessToken, Scope
from worker.store.dead_letter_values import DeadLetterQuery
from worker.store.sql_store import SqlStore
from worker.web.access import password_is_set, password_of
from worker.web.access_token import new_token
from worker.web.sessions import LASTS, SessionCookies
from worker.web.sign_in_limit import SignInLimit

ACTION = {"expected": 1, "until": NOW.isoformat()}


@pytest.fixture
def store(sqlite_store_url: str) -> SqlStore:
    store = SqlStore(sqlite_store_url)
    store.write([], [], [dead()], now=NOW)
    return store


def token(store: SqlStore, *scopes: Scope, name: str = "desk") -> dict[str, str]:
    """The header with a new access token."""
    made = new_token()
    store.access.add_token(AccessToken(name=name, scopes=scopes, created=NOW), made.hash)
    return {"authorization": f"Bearer {made.text}"}


def letters(store: SqlStore) -> int:
    return sum(store.listings.count_some_letters(DeadLetterQuery(), 100).reasons.values())


def test_without_a_password_anybody_here_may_look_and_nobody_may_act(store: SqlStore) -> None:
    visitor = Visitor(console(store))
    assert visitor.get("/articles").status_code == 200
    assert "read-only" in visitor.get("/dead").text
    assert "/dead/plan?action=drop" not in visitor.get("/dead").text
    refused = visitor.post("/dead/drop", ACTION)
    assert (refused.status_code, "WORKER_WEB_PASSWORD" in refused.text) == (403, True)
    held = token(store, Scope.READ, Scope.ACT)
    assert visitor.post_json("/api/dead/drop", ACTION, held).status_code == 403
    assert letters(store) == 1


def test_with_a_password_everything_asks_to_sign_in(store: SqlStore) -> None:
    visitor = Visitor(console(store, password=PASSWORD))
    for path in ("/", "/articles", "/dead", "/audit", "/find?what=x", "/articles/abc", "/nothing"):
        answer = visitor.get(path)
        assert answer.status_code == 303
        assert answer.headers["location"].startswith("/sign-in?then=")
    for path in ("/api/articles", "/api/openapi.json", "/api/status", "/api/dead/x"):
        assert visitor.get(path).status_code == 401
    assert visitor.get("/static/console.css").status_code == 200
    assert visitor.get("/sign-in").status_code == 200
    assert visitor.post("/dead/drop", ACTION).status_code == 401


def test_who_signs_in_may_act_and_the_audit_log_names_them(store: SqlStore) -> None:
    visitor = Visitor(console(store, password=PASSWORD))
    answer = visitor.sign_in("Ada L.", then="/dead?reason=malformed")
    assert (answer.status_code, answer.headers["location"]) == (303, "/dead?reason=malformed")
    flags = answer.headers["set-cookie"].lower()
    assert "httponly" in flags
    assert "samesite=lax" in flags
    assert visitor.post("/dead/drop", ACTION).status_code == 303
    assert letters(store) == 0
    log = [(entry.who, entry.action) for entry in store.access.audit_entries(None, 9)]
    assert log == [("Ada L.", "letters.dropped"), ("Ada L.", "sign-in")]
    visitor.post("/sign-out", {})
    assert visitor.get("/dead").status_code == 303


def test_the_cookie_of_a_server_with_tls_never_goes_over_plain_http(store: SqlStore) -> None:
    visitor = Visitor(console(store, password=PASSWORD))
    body = f"name=a&password={PASSWORD.replace(' ', '+')}".encode()
    answer = ask(visitor.app, "/sign-in", "POST", headers=SAME_ORIGIN, body=body, scheme="https")
    assert "secure" in answer.headers["set-cookie"].lower()


@pytest.mark.parametrize("password", ["", "wrong", PASSWORD + " ", "é", "\ud800"])
def test_a_wrong_password_is_refused_and_noted(store: SqlStore, password: str) -> None:
    visitor = Visitor(console(store, password=PASSWORD))
    answer = visitor.post(
        "/sign-in", {"name": "eve", "password": password.encode("utf-8", "replace")}
    )
    assert answer.status_code == 403
    assert "set-cookie" not in answer.headers
    [entry] = store.access.audit_entries(None, 9)
    assert (entry.who, entry.action) == ("eve", "sign-in.failed")


def test_after_ten_wrong_passwords_the_right_one_must_wait_too(store: SqlStore) -> None:
    visitor = Visitor(console(store, password=PASSWORD))
    codes = [visitor.sign_in("eve", "wrong").status_code for _ in range(11)]
    assert codes == [403] * 10 + [429]
    answer = visitor.sign_in()
    assert (answer.status_code, int(answer.headers["retry-after"]) > 200) == (429, True)


def test_an_attempt_is_forgotten_after_five_minutes_and_addresses_are_apart() -> None:
    now = [0.0]
    limit = SignInLimit(clock=lambda: now[0])
    for _ in range(10):
        limit.note_failure("192.0.2.1")
    assert limit.wait_s("192.0.2.1") == 300.0
    assert limit.wait_s("192.0.2.2") == 0.0
    now[0] = 301.0
    assert limit.wait_s("192.0.2.1") == 0.0


def test_one_network_of_ipv6_is_one_address_and_many_addresses_are_limited_together() -> None:
    limit = SignInLimit(clock=lambda: 0.0)
    for number in range(10):
        limit.note_failure(f"2001:db8::{number:x}")
    assert limit.wait_s("2001:db8::ffff") == 300.0
    assert limit.wait_s("2001:db8:0:1::1") == 0.0
    for number in range(200):
        limit.note_failure(f"198.51.100.{number}")
    assert limit.wait_s("203.0.113.1") == 300.0


@pytest.mark.parametrize(
    "then", ["//evil.example", "https://evil.example", "/\\evil.example", "evil", "/a\nb", ""]
)
def test_signing_in_never_leads_to_another_site(store: SqlStore, then: str) -> None:
    visitor = Visitor(console(store, password=PASSWORD))
    assert visitor.sign_in(then=then).headers["location"] == "/"


def test_a_session_ends_after_twelve_hours_and_with_a_new_password() -> None:
    cookies = SessionCookies(PASSWORD)
    cookie = cookies.make(" ada ", NOW)
    assert cookies.name_in(cookie, NOW) == "ada"
    assert SessionCookies(PASSWORD).name_in(cookie, NOW) == "ada"  # after a restart
    assert cookies.name_in(cookie, NOW + LASTS - timedelta(seconds=1)) == "ada"
    assert cookies.name_in(cookie, NOW + LASTS) is None
    assert SessionCookies("other").name_in(cookie, NOW) is None
    assert SessionCookies("").name_in(SessionCookies("").make("x", NOW), NOW) is None


@pytest.mark.parametrize(
    "forged", ["", ".", "x.y", "WyJhIiwgMV0=.", "é.é", "a" * 5000, "WyJh.IiJd"]
)
def test_a_forged_cookie_is_nobody(store: SqlStore, forged: str) -> None:
    assert SessionCookies(PASSWORD).name_in(forged, NOW) is None
    genuine = SessionCookies(PASSWORD).make("ada", NOW)
    claims, _, signature = genuine.partition(".")
    other_claims = SessionCookies(PASSWORD).make("eve", NOW).partition(".")[0]
    assert SessionCookies(PASSWORD).name_in(f"{other_claims}.{signature}", NOW) is None
    assert SessionCookies(PASSWORD).name_in(claims, NOW) is None


def test_a_token_reads_or_acts_as_its_scopes_say_until_it_is_revoked(store: SqlStore) -> None:
    visitor = Visitor(console(store, password=PASSWORD))
    reads, acts = token(store, Scope.READ, name="r"), token(store, Scope.READ, Scope.ACT, name="a")
    assert visitor.get("/api/articles", **reads).status_code == 200
    assert visitor.post_json("/api/dead/drop", ACTION, reads).status_code == 403
    assert letters(store) == 1
    assert visitor.post_json("/api/dead/drop", ACTION, acts).json() == {"letters": 1}
    assert store.access.audit_entries(None, 1)[0].who == "token:a"
    store.access.revoke_token("r", now=NOW)
    assert visitor.get("/api/articles", **reads).status_code == 401


@pytest.mark.parametrize(
    "header", ["Bearer ", "Bearer worker_x", "Basic YTpi", "worker_x", "Bearer \u00e9"]
)
def test_a_header_that_is_no_valid_token_is_nobody(store: SqlStore, header: str) -> None:
    visitor = Visitor(console(store))  # even where anybody may read
    assert visitor.get("/api/articles", authorization=header).status_code == 401


@pytest.mark.parametrize(
    ("headers", "code"),
    [
        ({"sec-fetch-site": "same-origin"}, 303),
        ({"sec-fetch-site": "cross-site"}, 403),
        ({"sec-fetch-site": "same-site"}, 403),
        ({"sec-fetch-site": "none"}, 403),
        ({"sec-fetch-site": "cross-site", "origin": "http://127.0.0.1"}, 403),
        ({"origin": "http://127.0.0.1"}, 303),
        ({"origin": "https://127.0.0.1"}, 303),
        ({"origin": "http://127.0.0.1:81"}, 403),
        ({"origin": "http://evil.example"}, 403),
        ({"origin": "null"}, 403),
        ({"origin": ""}, 403),
        ({}, 403),
        ({"host": "", "origin": ""}, 403),
    ],
)
def test_only_a_page_of_this_server_may_change_something(
    store: SqlStore, headers: dict[str, str], code: int
) -> None:
    visitor = Visitor(console(store, password=PASSWORD))
    visitor.sign_in()
    assert visitor.post("/dead/drop", ACTION, headers).status_code == code
    assert letters(store) == (0 if code == 303 else 1)


def test_get_changes_nothing(store: SqlStore) -> None:
    visitor = Visitor(console(store, password=PASSWORD))
    visitor.sign_in()
    for path in ("/dead/drop", "/api/dead/drop", "/sign-out"):
        assert visitor.get(
            f"{path}?{'&'.join(f'{k}={v}' for k, v in ACTION.items())}"
        ).status_code in (
            400,
            404,
            405,
        )
    assert letters(store) == 1


@pytest.mark.parametrize(
    ("host", "code"),
    [
        ("127.0.0.1:8080", 200),
        ("localhost", 200),
        ("console.localhost:80", 200),
        ("[::1]:8080", 200),
        ("192.0.2.7", 200),
        ("evil.example", 421),
        ("localhost.evil.example", 421),
        ("127.0.0.1.evil.example", 421),
        ("", 421),
    ],
)
def test_without_a_password_a_foreign_name_for_this_machine_reads_nothing(
    store: SqlStore, host: str, code: int
) -> None:
    assert Visitor(console(store)).get("/api/articles", host=host).status_code == code


def test_a_read_only_server_reads_under_any_name_and_lets_nobody_act(store: SqlStore) -> None:
    visitor = Visitor(console(store, read_only=True))
    assert visitor.get("/api/articles", host="news.example").status_code == 200
    signed_in = Visitor(console(store, read_only=True, password=PASSWORD))
    signed_in.sign_in()
    refused = signed_in.post("/dead/drop", ACTION)
    assert (refused.status_code, "WORKER_WEB_READ_ONLY" in refused.text) == (403, True)


def test_every_answer_restricts_what_a_browser_does_with_it(store: SqlStore) -> None:
    visitor = Visitor(console(store))
    paths = ("/articles", "/api/articles", "/static/console.js", "/no-such-page", "/api/no")
    for path in (*paths, "/articles?limit=x"):
        headers = visitor.get(path).headers
        policy = headers["content-security-policy"].split("; ")
        assert {"default-src 'none'", "script-src 'self'", "style-src 'self'"} <= set(policy)
        assert {"frame-ancestors 'none'", "base-uri 'none'", "form-action 'self'"} <= set(policy)
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "same-origin"
    assert visitor.get("/articles").headers["cache-control"] == "no-store"
    assert "immutable" in visitor.get("/static/console.js?v=1").headers["cache-control"]
    assert "immutable" not in visitor.get("/static/console.js").headers["cache-control"]


def test_a_password_may_stand_in_a_file(tmp_path: Path) -> None:
    file = tmp_path / "password"
    file.write_text("from file\nsecond line\n")
    assert password_of(Settings(web_password_file=file)) == "from file"
    both = Settings(web_password_file=file, web_password=SecretStr("set"))
    assert password_of(both) == "set"
    assert not password_is_set(Settings())
    for bad in (b"", b"\nx", b"\xff\xfe"):
        file.write_bytes(bad)
        with pytest.raises(BadConfig, match="WORKER_WEB_PASSWORD_FILE"):
            password_of(Settings(web_password_file=file))
    with pytest.raises(BadConfig, match="WORKER_WEB_PASSWORD_FILE"):
        password_of(Settings(web_password_file=tmp_path / "missing"))


def test_errors_are_json_for_programs_and_pages_for_people(store: SqlStore) -> None:
    visitor = Visitor(console(store))
    assert json.loads(visitor.get("/api/articles?limit=0").body)["error"].startswith("limit:")
    assert "There is nothing here" in visitor.get("/articles/abc").text
    assert visitor.get("/articles/abc").status_code == 404
    assert visitor.get("/api/unknown").status_code == 404


@pytest.mark.parametrize("host", ["x/static/", "x/static/?", "x/sign-in?", "127.0.0.1/sign-in#"])
def test_a_path_in_the_header_host_opens_no_other_page(store: SqlStore, host: str) -> None:
    visitor = Visitor(console(store, password=PASSWORD))
    assert visitor.get("/api/articles", host=host).status_code == 401
    assert visitor.get("/articles", host=host).status_code == 303


@pytest.mark.parametrize(
    "until", ["9999-12-31T23:59:59.999999Z", "0001-01-01T00:00:00+14:00", "1e300", "2026-11-22"]
)
def test_a_time_that_no_plan_can_have_is_a_wrong_argument(store: SqlStore, until: str) -> None:
    visitor = Visitor(console(store, password=PASSWORD))
    visitor.sign_in()
    for action in ("drop", "replay"):
        sent = {"expected": 1, "until": until}
        answer = visitor.post_json(f"/api/dead/{action}", sent, SAME_ORIGIN)
        assert answer.status_code == 400
        assert "until" in answer.json()["error"]
