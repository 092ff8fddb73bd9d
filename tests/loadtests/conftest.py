"""What tests of the load tests share: libvips as it comes, as those have it to themselves."""

from __future__ import annotations

from tests.loaders import every_loader as every_loader
