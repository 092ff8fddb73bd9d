"""The credentials that requests to S3 are signed with, looked up again when S3 calls them old.

The AWS chain renews those of a role ahead of their end by itself. What it does not see: files that
somebody else rewrites, a role whose session was revoked, clocks that disagree, a metadata service
that was not up yet. So a request that is refused for its token is sent once more if the chain has
another one by now. botocore's own retries know nothing of tokens.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Any, Self

import structlog
from aiobotocore.credentials import AioCredentials
from aiobotocore.session import AioSession
from botocore.credentials import ReadOnlyCredentials  # type: ignore[import-untyped]
from botocore.exceptions import CredentialRetrievalError  # type: ignore[import-untyped]

OLD = {"ExpiredToken", "InvalidToken", "RequestExpired", "TokenRefreshRequired"}
"""S3's words for a token that is no good any more."""

_TOKEN, _RENEWED = "safelight_token", "safelight_renewed"
log = structlog.get_logger("safelight.sources")


class RenewedCredentials(AioCredentials):
    """Provider and credentials alike, as botocore wants both. It only asks for frozen ones."""

    def __init__(self, *, rest: float = 10.0, clock: Callable[[], float] = time.monotonic) -> None:
        """rest: seconds until the chain is asked again after it had nothing newer."""
        super().__init__("", "", method="safelight")
        self._rest = rest
        self._clock = clock
        self._lock = asyncio.Lock()
        self._chain: Any = None
        self._given: ReadOnlyCredentials | None = None
        self._rests_until = 0.0

    def attach(self, session: AioSession) -> None:
        """Clients of the session sign with these."""
        session.register_component("credential_provider", self)

    def watch(self, client: Any) -> None:
        """Requests of the client are sent once more when their token is old."""
        # After the signature was made.
        client.meta.events.register_last("request-created.s3", self._note_token)
        client.meta.events.register("needs-retry.s3", self._retry_if_old)

    async def load_credentials(self) -> Self:
        """For the session, when a client is made."""
        self._chain = await _ask_chain()
        return self

    async def get_account_id(self) -> str | None:
        """For endpoints that have it in their name."""
        given = await self.get_frozen_credentials()
        return given and given.account_id

    async def get_frozen_credentials(self) -> ReadOnlyCredentials | None:
        """For one signature. None if there are none; CredentialRetrievalError if they are late."""
        if self._chain is None:
            await self.renew("")
        if self._chain is not None:
            self._given = await _freeze(self._chain)
        return self._given

    async def renew(self, rejected: str | None) -> bool:
        """Whether there is another token than the rejected one, after a look for it if need be.

        None is the absence of a token, which keys for good have; "" is neither.
        """
        async with self._lock:
            if self._is_newer(self._given, rejected):
                return True
            if self._clock() < self._rests_until:
                return False
            try:
                chain = await _ask_chain()
                found = chain and await _freeze(chain)
            except Exception as error:
                log.warning("credentials_not_renewed", error=repr(error))
                found = None
            if self._is_newer(found, rejected):
                self._chain, self._given = chain, found
                return True
            self._rests_until = self._clock() + self._rest
            return False

    @staticmethod
    def _is_newer(given: ReadOnlyCredentials | None, rejected: str | None) -> bool:
        return given is not None and given.token != rejected

    def _note_token(self, request: Any, **_: Any) -> None:
        request.context[_TOKEN] = request.headers.get("X-Amz-Security-Token")

    async def _retry_if_old(self, request_dict: Any, response: Any = None, **_: Any) -> int | None:
        """botocore's question whether to try again: after so many seconds, or not."""
        error = response[1].get("Error", {}) if response else {}
        context = request_dict["context"]
        if error.get("Code") not in OLD or _RENEWED in context:
            return None
        context[_RENEWED] = True
        return 0 if await self.renew(context.get(_TOKEN)) else None


async def _ask_chain() -> Any:
    # A new session: the old one would give what it remembers.
    return await AioSession().get_credentials()  # type: ignore[no-untyped-call]


async def _freeze(chain: Any) -> ReadOnlyCredentials:
    try:
        return await chain.get_frozen_credentials()
    # Refusals of STS would pass for those of S3, and some faults are a bare RuntimeError.
    except Exception as error:
        raise CredentialRetrievalError(provider=chain.method, error_msg=str(error)) from error
