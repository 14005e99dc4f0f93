"""The routes, over real HTTP: formats, methods, limits, and the page for people."""

from __future__ import annotations

import gzip
import threading
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests
from prometheus_client.metrics_core import Metric
from prometheus_client.openmetrics.parser import text_string_to_metric_families as openmetrics
from prometheus_client.parser import text_string_to_metric_families as plain

from llama_metrics import exposition
from llama_metrics.web import _allowed_seconds
from tests.support import exporter
from tests.support.fake_ollama import FIXTURES, FakeOllama, hang, http, recorded

RECORDED = FIXTURES / "0.33.0-rc2"
GOOD = {
    "/api/version": recorded(RECORDED / "api_version.http"),
    "/api/ps": recorded(RECORDED / "api_ps.two_loaded.http"),
    "/api/tags": recorded(RECORDED / "api_tags.all_models.http"),
}
# What Prometheus 3 sends.
PROMETHEUS = (
    "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.5,application/openmetrics-text;version=0.0.1;"
    "q=0.4,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.3,text/plain;version=0.0.4;q=0.2,*/*;q=0.1"
)


@pytest.fixture(scope="module")
def ollama() -> Iterator[FakeOllama]:
    """An Ollama with two models loaded."""
    with FakeOllama(GOOD) as fake:
        yield fake


@pytest.fixture(scope="module")
def address(ollama: FakeOllama) -> Iterator[str]:
    """The exporter that watches it."""
    with exporter.running(ollama.url) as url:
        yield url


@pytest.mark.parametrize(
    ("accept", "kind"),
    [
        ("", exposition.TEXT),
        ("*/*", exposition.TEXT),
        ("text/html", exposition.TEXT),
        (PROMETHEUS, exposition.OPENMETRICS),
        ("application/openmetrics-text", exposition.OPENMETRICS),
        ("application/openmetrics-text;q=0", exposition.TEXT),
        ("application/openmetrics-text;q=0.1,text/plain;q=0.9", exposition.TEXT),
        ("application/openmetrics-text; version=nonsense", exposition.OPENMETRICS),
        ("application/openmetrics-text;q=nonsense", exposition.TEXT),
    ],
)
def test_the_format_follows_the_accept_header(address: str, accept: str, kind: str) -> None:
    """OpenMetrics where it is wanted at least as much as text; the right content type; nonsense harms nobody."""
    answer = exporter.get(address, "/metrics", Accept=accept)

    assert (answer.status_code, answer.headers["Content-Type"]) == (200, kind)
    assert answer.text.endswith("# EOF\n") == (kind == exposition.OPENMETRICS)


def test_both_formats_say_the_same(address: str) -> None:
    """Parsed by prometheus_client's own parsers, text and OpenMetrics hold the same series, without `_created`."""
    text = exporter.get(address, "/metrics").text
    other = exporter.get(address, "/metrics", Accept=PROMETHEUS).text

    def series(families: Iterable[Metric]) -> set[tuple[str, str]]:
        return {(sample.name, str(sample.labels)) for family in families for sample in family.samples}

    assert series(plain(text)) == series(openmetrics(other))  # type: ignore[no-untyped-call]
    assert not [name for name, _ in series(plain(text)) if name.endswith("_created")]


def test_no_family_stands_on_the_page_twice(address: str) -> None:
    """One HELP line a family, and every family that has samples is in the catalogue's order."""
    lines = [line for line in exporter.get(address, "/metrics").text.splitlines() if line.startswith("# HELP")]

    assert len({line.split(" ")[2] for line in lines}) == len(lines)


def test_gzip_where_it_is_accepted(address: str) -> None:
    """Compressed for Prometheus, plain for those who refuse or say nothing; the same page."""
    raw = requests.get(f"{address}/metrics", headers={"Accept-Encoding": "gzip"}, stream=True, timeout=5)
    packed = raw.raw.read(decode_content=False)
    bare = requests.get(f"{address}/metrics", headers={"Accept-Encoding": "identity"}, timeout=5)

    assert (raw.headers["Content-Encoding"], bare.headers.get("Content-Encoding")) == ("gzip", None)
    assert b"ollama_up 1.0\n" in gzip.decompress(packed)
    assert b"ollama_up 1.0\n" in bare.content
    assert "Accept-Encoding" in bare.headers["Vary"]


@pytest.mark.parametrize(
    ("header", "accepted"),
    [
        ("", False),
        ("gzip", True),
        ("deflate, gzip;q=0.5", True),
        ("gzip;q=0", False),
        ("gzip; q=0.0", False),
        ("br", False),
    ],
)
def test_gzip_may_be_refused(address: str, header: str, accepted: bool) -> None:
    """`q=0` is a refusal."""
    answer = exporter.get(address, "/metrics", Accept_Encoding=header)

    assert answer.headers.get("Content-Encoding") == ("gzip" if accepted else None)


@pytest.mark.parametrize("path", ["/", "/metrics", "/-/healthy", "/-/ready"])
def test_head_is_get_without_a_body(address: str, path: str) -> None:
    """Every route answers HEAD, with the length GET would have."""
    head, get = requests.head(address + path, timeout=5), exporter.get(address, path)

    assert (head.status_code, get.status_code, head.content) == (200, 200, b"")
    assert head.headers["Content-Type"] == get.headers["Content-Type"]
    assert get.content


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS"])
def test_other_methods_are_405(address: str, method: str) -> None:
    """With the methods that there are."""
    answer = requests.request(method, f"{address}/metrics", timeout=5)

    assert (answer.status_code, answer.headers["Allow"]) == (405, "GET, HEAD")


@pytest.mark.parametrize("path", ["/probe", "/metrics/", "/%00", "/../etc/passwd", "/favicon.ico"])
def test_other_paths_are_404(address: str, path: str) -> None:
    """With the paths that there are, and without repeating what was asked."""
    answer = exporter.get(address, path)

    assert answer.status_code == 404
    assert "passwd" not in answer.text


def test_collect_names_the_collectors_to_run(address: str) -> None:
    """Only theirs and our own series are on the page; an unknown name is 400 with those that there are."""
    text = exporter.get(address, "/metrics?collect[]=ps&collect[]=version").text
    wrong = exporter.get(address, "/metrics?collect[]=ps&collect[]=nope")

    assert list(exporter.samples(text, "llama_metrics_collector_success")) == [
        '{collector="version"}',
        '{collector="ps"}',
    ]
    assert exporter.samples(text, "ollama_models") == {}
    assert exporter.samples(text, "llama_metrics_build_info")
    assert (wrong.status_code, wrong.text) == (400, "not enabled: nope; enabled are version, ps, tags\n")


def test_tags_are_asked_once_a_minute_and_the_others_at_each_scrape() -> None:
    """The answer of /api/tags is kept; whether Ollama is up never is."""
    with FakeOllama(GOOD) as ollama, exporter.running(ollama.url) as address:
        for _ in range(3):
            exporter.get(address, "/metrics")

        assert ollama.asked == {"/api/version": 3, "/api/ps": 3, "/api/tags": 1}


def test_a_failure_of_tags_is_never_covered_by_an_older_answer() -> None:
    """Past its age, a kept answer is gone, whatever the next one is."""
    with FakeOllama(GOOD) as ollama, exporter.running(ollama.url, collectors__tags__max_age="1ms") as address:
        assert exporter.samples(exporter.get(address, "/metrics").text, "ollama_models") == {"": 8.0}
        ollama.answers["/api/tags"] = http("", "500 Internal Server Error")

        assert exporter.samples(exporter.get(address, "/metrics").text, "ollama_models") == {}


def test_an_unloaded_model_is_gone_at_the_next_scrape() -> None:
    """Nothing of a model that left stays, and 0 models is a value."""
    with FakeOllama(GOOD) as ollama, exporter.running(ollama.url) as address:
        assert len(exporter.samples(exporter.get(address, "/metrics").text, "ollama_loaded_model_size_bytes")) == 2
        ollama.answers["/api/ps"] = recorded(RECORDED / "api_ps.empty.http")
        text = exporter.get(address, "/metrics").text

    assert exporter.samples(text, "ollama_loaded_model_size_bytes") == {}
    assert exporter.samples(text, "ollama_loaded_models") == {"": 0.0}


@pytest.mark.parametrize(
    ("header", "seconds"),
    [("10", 9.5), ("1", 0.5), ("0.4", 0.2), ("86400", 86399.5)]
    + [(text, None) for text in (None, "", "0", "-1", "nan", "inf", "ten", "1e9", "10s")],
)
def test_prometheus_says_how_long_a_scrape_may_take(header: str | None, seconds: float | None) -> None:
    """Its timeout less what the way back takes; nonsense counts as nothing said."""
    assert _allowed_seconds(header) == seconds


def test_a_hung_ollama_is_down_within_the_time_of_prometheus() -> None:
    """With a second left, the page comes before the collectors' own bound of 2 s, with every collector's health."""
    silent = dict.fromkeys(GOOD, hang)
    with FakeOllama(silent) as ollama, exporter.running(ollama.url) as address:
        answer = exporter.get(address, "/metrics", X_Prometheus_Scrape_Timeout_Seconds="1")

    assert answer.elapsed.total_seconds() < 2
    assert exporter.samples(answer.text, "ollama_up") == {"": 0.0}
    assert set(exporter.samples(answer.text, "llama_metrics_collector_timeout").values()) == {1.0}


def test_twenty_scrapes_at_once_ask_ollama_once() -> None:
    """Over HTTP as well: one request a route, while all twenty wait."""
    release = threading.Event()

    def slow(connection: object) -> None:
        release.wait(10)
        GOOD["/api/ps"](connection)  # type: ignore[arg-type]

    with FakeOllama(GOOD | {"/api/ps": slow}) as ollama, exporter.running(ollama.url) as address:
        with ThreadPoolExecutor(20) as pool:
            pages = [pool.submit(exporter.get, address, "/metrics") for _ in range(20)]
            threading.Timer(1.5, release.set).start()

            assert {page.result().status_code for page in pages} == {200}
        assert ollama.asked["/api/ps"] == 1


def test_over_the_limit_is_503_and_the_page_for_people_still_answers() -> None:
    """With `max_requests` scrapes under way, one more is refused at once; health checks are not scrapes."""
    entered, release = threading.Semaphore(0), threading.Event()

    def slow(_: object) -> None:
        entered.release()
        release.wait(10)

    with (
        FakeOllama({"/api/version": slow}) as ollama,
        exporter.running(ollama.url, web__max_requests=1) as address,
        ThreadPoolExecutor(1) as pool,
    ):
        first = pool.submit(exporter.get, address, "/metrics")
        entered.acquire(timeout=5)

        assert exporter.get(address, "/metrics").status_code == 503
        assert exporter.get(address, "/-/healthy").status_code == 200
        release.set()
        assert first.result().status_code == 200


def test_neither_health_nor_the_page_for_people_asks_ollama() -> None:
    """They answer while nobody is there, and cause no request."""
    with FakeOllama(GOOD) as ollama, exporter.running(ollama.url) as address:
        for path in ("/", "/-/healthy", "/-/ready"):
            assert exporter.get(address, path).status_code == 200

        assert not ollama.asked


def test_the_page_for_people_tells_the_last_error_escaped() -> None:
    """What Ollama's place says is shown as text, never as markup, and nothing is loaded from elsewhere."""
    answers = {"/api/version": http("", "302 Found", "Location: http://x/<script>alert(1)</script>")}
    with FakeOllama(answers) as ollama, exporter.running(ollama.url) as address:
        before = exporter.get(address, "/")
        exporter.get(address, "/metrics")
        after = exporter.get(address, "/")

    assert before.text.count("not scraped yet") == len(exporter.API)
    assert all(f'href="/metrics?collect[]={one.name}"' in after.text for one in exporter.API)
    assert "&lt;script&gt;" in after.text
    assert "<script" not in after.text
    assert after.headers["Content-Security-Policy"].startswith("default-src 'none'")
