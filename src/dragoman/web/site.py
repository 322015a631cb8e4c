"""What all views of a site share: the record, the tokens of forms, the replies, the coder, and who owns the site."""

from __future__ import annotations

import hmac
import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Protocol

from dragoman.model import Article, Event, Sentence, Skip
from dragoman.web.cache import AnswerCache
from dragoman.web.fetching import PageReader
from dragoman.web.forms import FormTokens
from dragoman.web.queries import PageView
from dragoman.web.replies import ReplyBox

OWNER_COOKIE = "dragoman_owner"


class CodedArticle(Protocol):
    """What a page shows of a coded article."""

    @property
    def article(self) -> Article: ...
    @property
    def sentences(self) -> tuple[Sentence, ...]: ...
    @property
    def events(self) -> tuple[Event, ...]: ...
    @property
    def skips(self) -> tuple[Skip, ...]: ...


class Codes(Protocol):
    """Something that codes articles: `dragoman.coder.Coder`, or a stand-in."""

    def code(self, articles: Iterable[Article]) -> Iterator[CodedArticle]: ...


class LazyCoder:
    """The coder, loaded when the first text is pasted (seconds, some 300 MB), and used by one reader at a time."""

    def __init__(self, load: Callable[[], Codes]) -> None:
        self._load = load
        self._lock = threading.Lock()
        self._coder: Codes | None = None

    def code(self, article: Article) -> CodedArticle:
        """The article with its events."""
        with self._lock:
            if self._coder is None:
                self._coder = self._load()
            return next(iter(self._coder.code([article])))


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """The shared parts of a site. Without an owner token nobody owns it, and replies wait."""

    view: PageView
    coder: LazyCoder
    replies: ReplyBox
    tokens: FormTokens = field(default_factory=FormTokens)
    kept: AnswerCache = field(default_factory=AnswerCache)
    pages: PageReader = field(default_factory=PageReader)
    owner_token: str | None = None

    def is_owner(self, *, token: str = "", session: str = "") -> bool:
        """Whether somebody shows the owner's token, or the session that it was exchanged for."""
        if not self.owner_token:
            return False
        return _same(token, self.owner_token) or _same(session, self.owner_session)

    @property
    def owner_session(self) -> str:
        """What an owner's browser keeps in place of the token; void with the next start of the site."""
        return self.tokens.sign(f"owner {self.owner_token}")


def _same(shown: str, right: str) -> bool:
    return hmac.compare_digest(shown.encode("utf-8", "replace"), right.encode("utf-8", "replace"))
