"""Every edge in front of scripted origins; a test that is not about failures leaves them up."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager

import pytest

from tests.edge.edges import Edge
from tests.edge.envoy import envoy
from tests.edge.nginx import nginx
from tests.edge.scripted import Stage, ports, stage
from tests.edge.varnish import varnish

EDGES: dict[str, Callable[..., AbstractContextManager[Edge]]] = {
    "nginx": nginx,
    "varnish": varnish,
    "envoy": envoy,
}


@pytest.fixture(scope="module")
def origins() -> Iterator[Stage]:
    """Two at home, two in the other region."""
    with stage(4) as opened:
        yield opened


@pytest.fixture(scope="module", params=list(EDGES))
def edge(
    request: pytest.FixtureRequest, origins: Stage, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Edge]:
    folder = tmp_path_factory.mktemp(request.param)
    with EDGES[request.param](folder, ports(origins.origins)) as opened:
        yield opened
