"""What tests of the cache share: a real Redis."""

from __future__ import annotations

from tests.redis_server import own_redis as own_redis
from tests.redis_server import redis_server as redis_server
from tests.redis_server import redis_url as redis_url
