"""`/metrics`: what Prometheus is told, in its text format or OpenMetrics, as it asks.

Most figures are counted where they come about, for other reasons; they are read when they are asked
for. Nothing is registered globally.
"""

from __future__ import annotations

import importlib.metadata
from collections.abc import Callable, Iterable, Iterator
from math import inf
from typing import Final

from prometheus_client import CollectorRegistry, ProcessCollector
from prometheus_client.exposition import choose_encoder
from prometheus_client.metrics_core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
    SummaryMetricFamily,
)
from prometheus_client.registry import Collector

from origin.metrics.catalogue import CATALOGUE, Kind
from origin.metrics.histogram import Histogram
from origin.metrics.sample import Pair, Sample
from transforms.engine import EPOCH, version

Samples = Callable[[], Iterable[Sample]]

_FAMILIES: Final[dict[Kind, type[Metric]]] = {
    "counter": CounterMetricFamily,
    "gauge": GaugeMetricFamily,
    "histogram": HistogramMetricFamily,
    "summary": SummaryMetricFamily,
}


class Exposition:
    """Of one process. samples: all that there are at the moment."""

    def __init__(self, samples: Samples) -> None:
        self._registry = CollectorRegistry(auto_describe=False)
        self._registry.register(_Figures(samples))
        ProcessCollector(registry=self._registry)

    def __call__(self, accept: str) -> tuple[bytes, str]:
        """The body and its media type, for a request's Accept."""
        encode, media_type = choose_encoder(accept)
        return encode(self._registry), media_type


def of_build() -> Iterator[Sample]:
    labels = (importlib.metadata.version("safelight"), version(), str(EPOCH))
    yield Sample("safelight_build_info", 1, labels)


class _Figures(Collector):
    def __init__(self, samples: Samples) -> None:
        self._samples = samples

    def collect(self) -> Iterator[Metric]:
        by_name: dict[str, Metric] = {}
        for sample in self._samples():
            if sample.name not in by_name:
                by_name[sample.name] = _family(sample.name)
            _add(by_name[sample.name], sample)
        return iter(by_name.values())


def _family(name: str) -> Metric:
    """KeyError for what is not in the catalogue."""
    metric = CATALOGUE[name]
    family: Metric = _FAMILIES[metric.kind](  # type: ignore[call-arg]
        name, metric.help, labels=metric.labels
    )
    return family


def _add(family: Metric, sample: Sample) -> None:
    value, labels = sample.value, sample.labels
    if len(labels) != len(CATALOGUE[sample.name].labels):
        raise ValueError(f"{sample.name}: expected other labels, got {labels}")
    if isinstance(value, Histogram):
        assert isinstance(family, HistogramMetricFamily)  # noqa: S101
        buckets = [
            ("+Inf" if bound == inf else repr(bound), count) for bound, count in value.cumulative()
        ]
        family.add_metric(labels, buckets, value.sum)
    elif isinstance(value, Pair):
        assert isinstance(family, SummaryMetricFamily)  # noqa: S101
        family.add_metric(labels, value.number, value.total)
    else:
        assert isinstance(family, CounterMetricFamily | GaugeMetricFamily)  # noqa: S101
        family.add_metric(labels, value)
