"""What one node learned of a source, for all nodes to believe."""

from __future__ import annotations

import hashlib

from redis.asyncio import Redis

from cache.breaker import Breaker
from cache.pointer import Pointer, from_json, to_json
from cache.shared import answering

_DIGEST_BYTES = 16

# The later look wins, whoever is the later to tell. What cannot be read gives way, and so does
# what would stay for ever: it is not from here.
_PUT = """
local held = redis.pcall('GET', KEYS[1])
if type(held) == 'string' and redis.call('PTTL', KEYS[1]) > 0 then
  local readable, pointer = pcall(cjson.decode, held)
  local checked = readable and type(pointer) == 'table' and tonumber(pointer.checked)
  if checked and checked > tonumber(ARGV[2]) then return 0 end
end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[3])
return 1
"""


class SharedPointers:
    """Pointers in Redis. Both methods raise `TierFailed` and nothing else."""

    def __init__(
        self, client: Redis, *, namespace: str, timeout: float, breaker: Breaker | None = None
    ) -> None:
        self._client = client
        self._breaker = breaker
        self._prefix = f"{namespace}p:"
        self._timeout = timeout
        self._put = client.register_script(_PUT)

    async def get(self, reference: str) -> Pointer | None:
        """The latest pointer that was put; None if there is none, or none that can be read."""
        async with answering(self._timeout, self._breaker):
            text = await self._client.get(self._name(reference))
        try:
            return None if text is None else from_json(text)
        except ValueError:
            return None

    async def put(self, reference: str, pointer: Pointer, *, ttl: float) -> None:
        """Keep the pointer for `ttl` seconds, unless a later look at the source is known."""
        milliseconds = int(ttl * 1000)
        if milliseconds < 1:
            return
        async with answering(self._timeout, self._breaker):
            await self._put(
                keys=[self._name(reference)],
                args=[to_json(pointer), repr(pointer.checked), milliseconds],
            )

    def _name(self, reference: str) -> str:
        digest = hashlib.blake2b(
            reference.encode(errors="surrogatepass"), digest_size=_DIGEST_BYTES
        )
        return self._prefix + digest.hexdigest()
