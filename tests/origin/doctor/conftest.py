"""What tests of the checks share: an environment without settings, and real stores."""

from collections.abc import Iterator

import pytest

from tests.loaders import open_all
from tests.redis_server import own_redis as own_redis
from tests.s3 import s3 as s3
from tests.s3 import s3_server as s3_server
from transforms.engine import secure


@pytest.fixture(autouse=True)
def _secured_anew() -> Iterator[None]:
    """Other tests in this process open loaders to make pictures with, before and after."""
    secure.cache_clear()
    yield
    open_all()
