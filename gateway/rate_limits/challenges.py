"""Challenges that make a bot pay for each hold. The default is a proof of work, by the library `altcha`.

A challenge is signed, bound to one account, good for one answer and for a short while. A browser answers it by itself;
nobody has to look at pictures.
"""

import json
import logging
import secrets
import time
from base64 import b64decode
from typing import Any, Protocol

from altcha import Challenge, Payload, Solution, create_challenge, verify_solution
from cachetools import TTLCache

from schemas.user import token_id
from services.foundation.redis_client import RedisError

log = logging.getLogger("marquee.limits")
ALGORITHM, ROUNDS = "PBKDF2/SHA-256", 4000    # of one try: about 2 ms
MOST_KEPT = 100_000
LONGEST_ANSWER = 4096
KEY_NAME = "challenge:{key}"


class Challenges(Protocol):
    """What a kind of challenge does; another one, such as a provider's, takes its place here."""

    def issue(self, account: str) -> dict[str, Any]:
        """A new challenge for this account, as JSON for the client."""
        ...

    def accepts(self, answer: str, account: str) -> bool:
        """Whether this is the right answer, for the first time, to a challenge that was issued for this account."""
        ...


class ProofOfWork:
    """Guess the number that a slow digest was made of.

    All gateways sign with one random key in Redis. While Redis is away, each has a key, and knows used answers, by
    itself.
    """

    def __init__(self, redis: Any, seconds: int, tries: int) -> None:
        """`seconds`: the time to answer. `tries`: at most that an answer takes."""
        self._redis, self._seconds, self._tries = redis, seconds, tries
        self._own_key = secrets.token_hex(32)
        self._used: TTLCache[str, bool] = TTLCache(MOST_KEPT, seconds)

    def issue(self, account: str) -> dict[str, Any]:
        """See Challenges.issue. The client finds `counter`, for which the derived key begins with `keyPrefix`."""
        challenge = create_challenge(
            ALGORITHM, ROUNDS, counter=secrets.randbelow(self._tries), expires_at=int(time.time()) + self._seconds,
            data={"account": token_id(account)}, hmac_secret=self._key())
        return dict(challenge.to_dict())

    def accepts(self, answer: str, account: str) -> bool:
        """See Challenges.accepts. `answer`: Base64 of {challenge, solution} in JSON."""
        payload = _read(answer)
        if payload is None or payload.challenge.parameters.data != {"account": token_id(account)}:
            return False
        try:
            result = verify_solution(payload, self._key())
        except Exception:    # whatever the library makes of fields that a client has invented
            return False
        return bool(result.verified) and self._is_first(payload.challenge.parameters.nonce)

    def _key(self) -> str:
        try:
            self._redis.set(KEY_NAME, self._own_key, nx=True)
            return str(self._redis.get(KEY_NAME))
        except RedisError as problem:
            log.warning("challenges are signed without Redis", extra={"problem": type(problem).__name__})
            return self._own_key

    def _is_first(self, nonce: str) -> bool:
        if nonce in self._used:
            return False
        self._used[nonce] = True
        try:
            return bool(self._redis.set(f"challenge:{{{nonce}}}", "used", nx=True, ex=self._seconds + 1))
        except RedisError:
            return True


def _read(answer: str) -> Payload | None:
    if len(answer) > LONGEST_ANSWER:
        return None
    try:
        given = json.loads(b64decode(answer, validate=True))
        return Payload(Challenge.from_dict(given["challenge"]), Solution.from_dict(given["solution"]))
    except Exception:    # whatever the library makes of fields that a client has invented
        return None
