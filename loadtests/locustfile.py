"""A page's visitors: each loads one picture in the widths of its srcset, as browsers ask for it.

    SAFELIGHT_KEYS=… SAFELIGHT_SALTS=… SAFELIGHT_SOURCES=local:///a.jpg,local:///b.jpg \\
        locust -f loadtests/locustfile.py --host http://127.0.0.1:8080
"""

from __future__ import annotations

import os
import random

from locust import HttpUser, between, task

from signing.imgproxy import AnySignature, ImgproxyScheme
from signing.keys import parse_pairs
from signing.scheme import Scheme

WIDTHS = (320, 480, 640, 960, 1280)
ACCEPTS = (
    "image/avif,image/webp,image/apng,image/svg+xml,image/*,*/*;q=0.8",
    "image/webp,image/png,image/svg+xml,image/*;q=0.8,*/*;q=0.5",
    "*/*",
)


def _scheme() -> Scheme:
    keys, salts = os.environ.get("SAFELIGHT_KEYS", ""), os.environ.get("SAFELIGHT_SALTS", "")
    return ImgproxyScheme(parse_pairs(keys, salts)) if keys else AnySignature()


class Visitor(HttpUser):
    """Popularity falls with the place in the list, as it does in shops."""

    wait_time = between(0.5, 2)

    def on_start(self) -> None:
        self.scheme = _scheme()
        self.sources = os.environ.get("SAFELIGHT_SOURCES", "local:///valley.jpg").split(",")
        self.weights = [1 / place for place in range(1, len(self.sources) + 1)]
        self.accept = random.choice(ACCEPTS)

    @task
    def picture(self) -> None:
        source = random.choices(self.sources, self.weights)[0]
        width = random.choice(WIDTHS)
        path = self.scheme.sign(f"/rs:fit:{width}/plain/{source}".encode()).decode()
        self.client.get(path, headers={"accept": self.accept}, name=f"width {width}")
