"""What Locust loads: users, the shape of $SCENARIO, counts for the report. See docs/loadtests.md.

    python -m loadtests.scenarios steady        starts Locust with this file

    SAFELIGHT_KEYS=… SAFELIGHT_SALTS=… SAFELIGHT_SOURCES=local:///a.jpg,local:///b.jpg \\
        locust -f loadtests/locustfile.py --host http://127.0.0.1:8080 Visitor
"""

# Locust leaves its calls untyped.
# mypy: disable-error-code="no-untyped-call"

from __future__ import annotations

import os

from locust import events

from loadtests.scenarios.collector import collect
from loadtests.scenarios.options import add_options
from loadtests.scenarios.shapes import SHAPES
from loadtests.scenarios.users import Cdn, Purger, Scraper, Visitor

__all__ = ["Cdn", "Purger", "Scraper", "Visitor"]

events.init_command_line_parser.add_listener(add_options)
events.init.add_listener(collect)

# Locust takes the shape that it finds by its class; without one it asks for users and rate.
if scenario := os.environ.get("SCENARIO"):
    Shape = SHAPES[scenario]
