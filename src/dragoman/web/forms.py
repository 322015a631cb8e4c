"""Tokens of forms: what is posted must come from a form of this site, shown to the same browser, not long ago.

A token binds a random cookie, the form's purpose and the moment in which it was shown. It is checked before a posted
field is read. Filling in a form takes a person some seconds, which is all the proof of a person that is asked for.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
import time
from collections.abc import Callable
from math import floor

from dragoman.errors import QueryError

COOKIE = "dragoman_form"
LIFETIME = 4 * 3600
# Nobody reads and fills in a form faster; what posts at once is a robot.
LEAST_SECONDS = 2.0


class FormTokens:
    """Makes and checks tokens with a secret that lives as long as the process."""

    def __init__(self, *, least_seconds: float = LEAST_SECONDS, clock: Callable[[], float] = time.time) -> None:
        self._secret = secrets.token_bytes(32)
        self._least_seconds = least_seconds
        self._clock = clock

    def new_cookie(self) -> str:
        return secrets.token_urlsafe(24)

    def make(self, cookie: str, purpose: str) -> str:
        """A token for one form in the browser that holds the cookie."""
        shown = str(floor(self._clock() * 1000) / 1000)
        nonce = secrets.token_urlsafe(9)
        return f"{shown}.{nonce}.{self._digest(cookie, purpose, shown, nonce)}"

    def check(self, token: object, cookie: str, purpose: str) -> None:
        """Lets a posted form pass, or raises QueryError."""
        parts = str(token).rsplit(".", 2)
        if not cookie or len(parts) != 3:
            raise QueryError("this form was not opened here: open it again and send it from this site")
        shown, nonce, digest = parts
        if not hmac.compare_digest(digest.encode(), self._digest(cookie, purpose, shown, nonce).encode()):
            raise QueryError("this form was not opened here: open it again and send it from this site")
        age = self._clock() - float(shown)
        if age > LIFETIME:
            raise QueryError("this form has been open for too long: open it again")
        if age < self._least_seconds:
            raise QueryError("that was faster than anybody types: wait a moment and send it again")

    def sign(self, words: str) -> str:
        """A digest that only this process can make."""
        return hmac.new(self._secret, words.encode("utf-8", "replace"), hashlib.sha256).hexdigest()

    def _digest(self, cookie: str, purpose: str, shown: str, nonce: str) -> str:
        return self.sign("\n".join(("form", cookie, purpose, shown, nonce)))
