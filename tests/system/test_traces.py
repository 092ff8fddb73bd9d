"""Traces of the real server, as a real collector gets them."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.origin.live import signed
from tests.otlp import Collector, Span, collecting
from tests.system.one_photograph import one_photograph
from tests.system.server import Server, get, refused, wait

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
PARENT = "00f067aa0ba902b7"
SAMPLED = f"00-{TRACE}-{PARENT}-01"
NOT_SAMPLED = f"00-{TRACE}-{PARENT}-00"


@contextmanager
def traced(folder: Path, endpoint: str, ratio: int = 1, **settings: Any) -> Iterator[Server]:
    with one_photograph(folder, OTLP_ENDPOINT=endpoint, TRACE_RATIO=ratio, **settings) as server:
        yield server


@pytest.fixture(scope="module")
def collector() -> Iterator[Collector]:
    with collecting() as collector:
        yield collector


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, collector: Collector) -> Iterator[Server]:
    """Traces everything, and believes its peers."""
    folder = tmp_path_factory.mktemp("traced")
    with traced(folder, collector.url, TRUSTED_PROXIES="127.0.0.0/8") as server:
        yield server


def test_a_render_is_a_trace_of_its_stages(server: Server, collector: Collector) -> None:
    path = signed("/w:30/plain/local:///a.jpg@webp")

    get(server.url + path, x_request_id="render-1")

    (root,) = arrived(collector, "render-1")
    stages = collector.children(root)
    assert stages.keys() >= {"version", "look", "fetch", "render", "store"}
    assert stages["render"].events == ["queue", "decode", "process", "encode"]
    for span in stages.values():
        assert span.trace == root.trace
        assert root.start <= span.start <= span.end <= root.end
    assert root.attributes["safelight.outcome"] == "made"
    assert root.attributes["http.response.status_code"] == 200
    assert path[1:44] not in str(collector.spans)
    assert {"service.name", "service.version", "service.instance.id"} <= collector.resources[
        0
    ].keys()


def test_a_hit_is_one_span(server: Server, collector: Collector) -> None:
    url = server.url + signed("/w:31/plain/local:///a.jpg@webp")
    get(url)

    get(url, x_request_id="hit-1")

    (root,) = arrived(collector, "hit-1")
    assert collector.children(root) == {}
    assert root.attributes["safelight.outcome"] == "hit"
    assert root.attributes["safelight.tier"] == "memory"


def test_a_refusal_says_why(server: Server, collector: Collector) -> None:
    get(f"{server.url}/x/plain/local:///a.jpg", x_request_id="refused-1")

    (root,) = arrived(collector, "refused-1")
    assert root.attributes["safelight.outcome"] == "refused"
    assert not root.failed


def test_a_trusted_proxy_decides_and_its_trace_goes_on(
    server: Server, collector: Collector
) -> None:
    url = server.url + signed("/w:32/plain/local:///a.jpg@webp")

    get(url, x_request_id="no-1", traceparent=NOT_SAMPLED)
    get(url, x_request_id="yes-1", traceparent=SAMPLED)

    (root,) = arrived(collector, "yes-1")
    assert (root.trace, root.parent) == (TRACE, PARENT)
    assert [
        span for span in collector.roots() if span.attributes["safelight.request_id"] == "no-1"
    ] == []
    assert "trace" not in server.event_of("no-1")


@pytest.mark.parametrize("field", ["", "00-zz-yy-01", SAMPLED + ", " + SAMPLED])
def test_a_field_that_is_none_begins_a_trace_of_its_own(
    server: Server, collector: Collector, field: str
) -> None:
    name = f"odd-{len(field)}"

    get(f"{server.url}/x", x_request_id=name, traceparent=field)

    (root,) = arrived(collector, name)
    assert root.trace != TRACE
    assert root.parent == ""


def test_nobody_else_can_have_a_request_traced(tmp_path: Path) -> None:
    with collecting() as collector, traced(tmp_path, collector.url, ratio=0) as server:
        url = server.url + signed("/w:32/plain/local:///a.jpg@webp")
        for _ in range(3):
            assert get(url, traceparent=SAMPLED).status_code == 200
        figures = get(f"{server.admin_url}/metrics").text

    assert collector.spans == []
    assert 'safelight_trace_spans_total{result="made"} 0.0' in figures


def test_what_is_queued_is_sent_at_the_end(tmp_path: Path) -> None:
    with collecting() as collector:
        with traced(tmp_path, collector.url) as server:
            get(f"{server.url}/x", x_request_id="last")

        assert [span.attributes["safelight.request_id"] for span in collector.roots()] == ["last"]


@pytest.mark.parametrize("listens", [False, True])
def test_a_collector_that_is_away_or_silent_costs_spans_alone(
    tmp_path: Path, *, listens: bool
) -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        if listens:
            silent.listen()
        with traced(tmp_path, f"http://127.0.0.1:{silent.getsockname()[1]}") as server:
            url = server.url + signed("/w:32/plain/local:///a.jpg@webp")
            answers = [get(url).status_code for _ in range(20)]
            began = time.monotonic()
            server.stop()
            seconds = time.monotonic() - began

    assert answers == [200] * 20
    assert seconds < 20
    lines = [event["event"] for event in server.events]
    assert lines.count("traces are lost") <= 1
    # The last spans may be given up after it.
    assert [line for line in lines if line != "traces are lost"][-1] == "stopped"


def test_an_endpoint_that_is_none_stops_the_start(tmp_path: Path) -> None:
    ended = refused(tmp_path, UNSAFE=1, OTLP_ENDPOINT="collector:4318/secret")

    assert ended.returncode != 0
    assert "SAFELIGHT_OTLP_ENDPOINT: expected a URL such as" in ended.stderr
    assert "secret" not in ended.stderr


def test_without_traces_their_libraries_are_not_imported() -> None:
    code = (
        "import sys, origin.serve; "
        "print([name for name in sys.modules if name.startswith(('opentelemetry.exporter.otlp',"
        " 'opentelemetry.sdk.trace', 'origin.spans'))])"
    )

    said = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )

    assert said.stdout.strip() == "[]"


def arrived(collector: Collector, request_id: str) -> list[Span]:
    """The spans of the request, once they are there; what is under them came with them."""

    def found() -> list[Span]:
        roots = collector.roots()
        return [span for span in roots if span.attributes["safelight.request_id"] == request_id]

    wait(lambda: bool(found()))
    return found()
