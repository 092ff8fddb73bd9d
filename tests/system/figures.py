"""What the server's `/metrics` says at one moment."""

from __future__ import annotations

from collections import Counter

from prometheus_client.parser import text_string_to_metric_families

from tests.system.server import Server, get


class Figures:
    """One scrape."""

    def __init__(self, server: Server) -> None:
        self.text = get(f"{server.admin_url}/metrics").text
        self.samples = [
            sample
            for family in text_string_to_metric_families(self.text)
            for sample in family.samples
        ]

    def sum(self, name: str, **labels: str) -> float:
        """Of all samples that have these labels among theirs."""
        return sum(
            sample.value
            for sample in self.samples
            if sample.name == name and labels.items() <= sample.labels.items()
        )

    def outcomes(self) -> Counter[str]:
        counts: Counter[str] = Counter()
        for sample in self.samples:
            if sample.name == "safelight_requests_total":
                counts[sample.labels["outcome"]] += int(sample.value)
        return counts

    def series(self) -> set[tuple[str, tuple[tuple[str, str], ...]]]:
        return {(one.name, tuple(sorted(one.labels.items()))) for one in self.samples}
