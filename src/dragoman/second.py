"""A language model as second reader, by choice: it reads again the found events that the small reader is unsure of.

Stands between reading and coding: requires found events, gives them back confirmed, changed or withdrawn, with a `Skip`
for whatever was declined. It asks any server that speaks OpenAI's /chat/completions. It adds no event, trusts no words
that are not in the sentence, and whatever fails leaves the events as they were.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any, cast
from urllib.parse import urlsplit

import certifi
import urllib3

from dragoman.codebook import Codebook, load_codebook
from dragoman.errors import QueryError
from dragoman.knowledge import table_rows
from dragoman.model import STATUSES, Article, FoundEvent, Sentence, Skip, Span, Status

STAGE = "second reader"
WITHDRAWN = "no event"
KEY_VARIABLE = "DRAGOMAN_SECOND_READER_KEY"
# The small reader is asked about where it gives its own code less than an even chance.
UNSURE_BELOW = 0.5
ANSWER_SECONDS = 60.0
CONNECT_SECONDS = 5.0
ANSWER_BYTES = 1 << 20
# Busy servers (429, 5xx) are asked once more, after at most so long.
LONGEST_WAIT = 10.0
AT_ONCE = 4
# After so many failures in a row the server is taken for gone, and asked no more in this run.
GIVE_UP_AFTER = 5
BEFORE_CHARACTERS = 700
LONGEST_REASON = 160
PLAIN = str.maketrans("’‘“”\u00a0\n\t", "''\"\"   ")


@dataclass(frozen=True, slots=True, kw_only=True)
class Prices:
    """What a million tokens cost, in whatever currency the server bills."""

    prompt: float
    completion: float


@dataclass(slots=True, kw_only=True)
class Tally:
    """What was asked, what came of it, and what it cost: tokens as the server counts them."""

    sentences: int = 0
    calls: int = 0
    cached: int = 0
    failed: int = 0
    confirmed: int = 0
    changed: int = 0
    withdrawn: int = 0
    dropped: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    cost: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """What the model answers about one found event, checked for form and not yet for truth."""

    number: int
    is_event: bool
    event_type: str
    mode: str | None
    status: Status
    anchor: str
    actors: tuple[str, ...]
    recipients: tuple[str, ...]
    speaker: str | None
    reason: str


@dataclass(frozen=True, slots=True)
class Trouble:
    """Why there is no answer: a reason of the stage's closed list, and the particulars."""

    reason: str
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """A server's answer: the model's words and the usage it states; `calls` is how often it was asked."""

    content: str
    usage: Mapping[str, Any]
    calls: int = 0


class SecondReader:
    """Asks a model about unsure events; `spec` is `openai:MODEL@URL`.

    `below`: confidence under which an event is read again. `cache`: folder of answers (None: the user's cache folder).
    The key is taken from $DRAGOMAN_SECOND_READER_KEY, for api.openai.com also from $OPENAI_API_KEY.

    Raises:
        QueryError: the spec, the threshold or the key is not usable.
    """

    def __init__(
        self,
        spec: str,
        *,
        codebook: Codebook | None = None,
        below: float = UNSURE_BELOW,
        cache: Path | None = None,
        prices: Prices | None = None,
        seconds: float = ANSWER_SECONDS,
    ) -> None:
        self.model, url = parse_spec(spec)
        if not 0 < below <= 1:
            raise QueryError(f"the second reader's threshold is a confidence above 0 and up to 1, not {below}")
        self._codebook = codebook or load_codebook()
        self._server = Server(url, key=api_key(url), seconds=seconds)
        self._cache = AnswerCache(cache or cache_folder())
        self._below, self._prices = below, prices
        self._system = system_prompt(self._codebook)
        self._schema = answer_schema(self._codebook)
        self._failures_in_a_row = 0
        digest = hashlib.sha256(json.dumps([self._system, self._schema, below, url]).encode()).hexdigest()[:8]
        self.version = f"{spec.partition(':')[0]}:{self.model}/{digest}"
        self.tally = Tally()

    def reread(self, article: Article, events: Sequence[FoundEvent]) -> tuple[tuple[FoundEvent, ...], tuple[Skip, ...]]:
        """Gives the events of an article, in their order, with the unsure ones read again, and what was declined."""
        unsure: dict[int, list[FoundEvent]] = {}
        for event in events:
            if event.confidence < self._below:
                unsure.setdefault(event.sentence.start, []).append(event)
        questions = [self._question(article, asked) for asked in unsure.values()]
        results: dict[int, FoundEvent | Trouble] = {}
        for asked, answer in zip(unsure.values(), self._answers(questions), strict=True):
            results.update(zip(map(id, asked), self._judge(asked, answer), strict=True))
        kept: list[FoundEvent] = []
        skips: list[Skip] = []
        for event in events:
            result = results.get(id(event), event)
            if isinstance(result, Trouble):
                skips.append(_skip(article, event, result))
            if not isinstance(result, Trouble) or result.reason != WITHDRAWN:
                kept.append(event if isinstance(result, Trouble) else result)
        return tuple(kept), (*skips, *self._cache.troubles())

    def report(self) -> str:
        """Tells in one line what was asked and what it cost."""
        t = self.tally
        cost = "cost unknown (give the prices)" if t.cost is None else f"cost {t.cost:.4f}"
        if not t.calls:
            cost = "no cost"
        return (
            f"second reader {self.model}: {t.sentences} sentences, {t.calls} calls, {t.cached} answers from the cache, "
            f"{t.failed} failed; events {t.confirmed} confirmed, {t.changed} changed, {t.withdrawn} withdrawn, "
            f"{t.dropped} answers dropped; {t.prompt_tokens} + {t.completion_tokens} tokens, {cost}"
        )

    def _question(self, article: Article, asked: Sequence[FoundEvent]) -> dict[str, Any]:
        """Makes the body of a request about the unsure events of one sentence."""
        sentence = asked[0].sentence
        told = {
            "title": article.title,
            "published": article.published.isoformat() if article.published else None,
            "before": article.body[max(0, sentence.start - BEFORE_CHARACTERS) : sentence.start],
            "sentence": sentence.text,
            "proposals": [
                {"number": number, "anchor": event.anchor.text, "code": code_of(event), "status": event.status}
                for number, event in enumerate(asked, start=1)
            ],
        }
        schema = {"name": "events", "strict": True, "schema": self._schema}
        return {
            "model": self.model,
            "messages": [
                {"role": "system", "content": self._system},
                {"role": "user", "content": json.dumps(told, ensure_ascii=False)},
            ],
            "response_format": {"type": "json_schema", "json_schema": schema},
        }

    def _answers(self, questions: Sequence[dict[str, Any]]) -> Iterator[list[Any] | Trouble]:
        """Yields for each question the list of the model's answers: from the cache, else from the server."""
        self.tally.sentences += len(questions)
        known = [self._cache.read(self._server.url, question) for question in questions]
        missing = [question for question, reply in zip(questions, known, strict=True) if reply is None]
        replies = iter(self._asked(missing))
        for question, reply in zip(questions, known, strict=True):
            fetched = reply or next(replies)
            if isinstance(fetched, Reply):
                self._count(fetched, is_cached=reply is not None)
                answer = parse_content(fetched.content)
                if isinstance(answer, Trouble):
                    self.tally.dropped += 1
                elif reply is None:
                    self._cache.write(self._server.url, question, fetched)
                yield answer
            else:
                yield fetched

    def _asked(self, questions: Sequence[dict[str, Any]]) -> Iterator[Reply | Trouble]:
        """Asks the server, some questions at once; in vain often enough, it is asked no more."""
        for at in range(0, len(questions), AT_ONCE):
            together = questions[at : at + AT_ONCE]
            if self._failures_in_a_row >= GIVE_UP_AFTER:
                yield from (Trouble("given up", "the server failed too often in this run") for _ in together)
                continue
            with ThreadPoolExecutor(AT_ONCE) as pool:
                replies = list(pool.map(self._server.ask, together))
            for reply in replies:
                is_failure = isinstance(reply, Trouble)
                self._failures_in_a_row = self._failures_in_a_row + 1 if is_failure else 0
                self.tally.failed += is_failure
                self.tally.calls += reply.calls if isinstance(reply, Reply) else 1
            yield from replies

    def _count(self, reply: Reply, *, is_cached: bool) -> None:
        if is_cached:
            self.tally.cached += 1
            return
        tokens = [_whole(reply.usage.get(name)) for name in ("prompt_tokens", "completion_tokens")]
        self.tally.prompt_tokens += tokens[0]
        self.tally.completion_tokens += tokens[1]
        stated = reply.usage.get("cost")
        if self._prices:
            cost = (tokens[0] * self._prices.prompt + tokens[1] * self._prices.completion) / 1e6
        elif isinstance(stated, int | float) and not isinstance(stated, bool):
            cost = float(stated)
        else:
            return
        self.tally.cost = (self.tally.cost or 0.0) + cost

    def _judge(self, asked: Sequence[FoundEvent], answer: list[Any] | Trouble) -> list[FoundEvent | Trouble]:
        """Gives for each event what the answer makes of it, or why it makes nothing of it."""
        if isinstance(answer, Trouble):
            return [answer] * len(asked)
        judgements: dict[int, Judgement | Trouble] = {}
        for row in answer:
            judgement = parse_judgement(row, self._codebook)
            number = judgement.number if isinstance(judgement, Judgement) else _number(row)
            judgements.setdefault(number, judgement)
        missing = Trouble("not understood", "the answer leaves out this event")
        results = [
            self._verified(event, judgements.get(number, missing)) for number, event in enumerate(asked, start=1)
        ]
        for event, result in zip(asked, results, strict=True):
            self._tally_result(event, result)
        return results

    def _verified(self, event: FoundEvent, judgement: Judgement | Trouble) -> FoundEvent | Trouble:
        if isinstance(judgement, Trouble):
            return judgement
        if not judgement.is_event:
            return Trouble(WITHDRAWN, f"{code_of(event)} {event.anchor.text!r}: {judgement.reason}")
        return apply_judgement(event, judgement, self.model)

    def _tally_result(self, event: FoundEvent, result: FoundEvent | Trouble) -> None:
        if isinstance(result, Trouble):
            is_withdrawn = result.reason == WITHDRAWN
            self.tally.withdrawn += is_withdrawn
            self.tally.dropped += not is_withdrawn
        elif replace(result, basis=event.basis) == event:
            self.tally.confirmed += 1
        else:
            self.tally.changed += 1


# --- what is asked ---


def parse_spec(spec: str) -> tuple[str, str]:
    """Splits `openai:MODEL@URL` into the model and the address of /chat/completions.

    >>> parse_spec("openai:qwen3:8b@http://127.0.0.1:11434/v1")
    ('qwen3:8b', 'http://127.0.0.1:11434/v1/chat/completions')
    """
    kind, _, rest = spec.partition(":")
    model, _, url = rest.rpartition("@")
    try:
        parts = urlsplit(url)
        usable = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        usable = False
    if kind != "openai" or not model or not usable:
        raise QueryError(
            f"{spec!r} names no second reader: write openai:MODEL@URL, as openai:qwen3:8b@http://127.0.0.1:11434/v1"
        )
    return model, url.rstrip("/") + "/chat/completions"


def api_key(url: str) -> str | None:
    """Finds the key of a server in the environment. OpenAI's own goes to OpenAI alone."""
    key = os.environ.get(KEY_VARIABLE)
    if not key and urlsplit(url).hostname == "api.openai.com":
        key = os.environ.get("OPENAI_API_KEY")
    key = (key or "").strip()
    if not key.isascii() or not key.isprintable():
        raise QueryError(f"the key in ${KEY_VARIABLE} holds characters that no key has")
    return key or None


@cache
def _definitions() -> Mapping[str, str]:
    return {row["type"]: row["means"] for row in table_rows("second", "types.tsv")}


def system_prompt(codebook: Codebook) -> str:
    """Gives the instruction with the codebook's types, what they mean, and their modes."""
    text = resources.files("dragoman.data").joinpath("second", "prompt.txt").read_text(encoding="utf8")
    lines = [
        f"{name}: {_definitions().get(name, '')}" + (f" Modes: {', '.join(kind.modes)}." if kind.modes else "")
        for name, kind in codebook.types.items()
    ]
    return text + "\nTypes:\n" + "\n".join(lines)


def answer_schema(codebook: Codebook) -> dict[str, Any]:
    """Gives the JSON schema of an answer, in the strict form: every field required, none beside them."""
    codes = [code for name, kind in codebook.types.items() for code in (name, *(f"{name}/{m}" for m in kind.modes))]
    words = {"type": "array", "items": {"type": "string"}}
    fields: dict[str, Any] = {
        "number": {"type": "integer"},
        "reason": {"type": "string"},
        "is_event": {"type": "boolean"},
        "code": {"type": "string", "enum": codes},
        "status": {"type": "string", "enum": list(STATUSES)},
        "anchor": {"type": "string"},
        "actors": words,
        "recipients": words,
        "speaker": {"type": ["string", "null"]},
    }
    return _closed({"events": {"type": "array", "items": _closed(fields)}})


def _closed(fields: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "properties": fields, "required": list(fields), "additionalProperties": False}


def code_of(event: FoundEvent) -> str:
    return f"{event.event_type}/{event.mode}" if event.mode else event.event_type


# --- what is answered ---


def parse_content(content: str) -> list[Any] | Trouble:
    """Gives the list of answers in a model's words, which may stand between fences or after a train of thought."""
    try:
        answer = json.loads(content[content.find("{") : content.rfind("}") + 1])
    except (ValueError, RecursionError) as fault:
        return Trouble("not understood", f"no JSON ({type(fault).__name__})")
    events = answer.get("events") if isinstance(answer, dict) else None
    return events if isinstance(events, list) else Trouble("not understood", "no list of events")


def parse_judgement(row: Any, codebook: Codebook) -> Judgement | Trouble:
    """Reads one answer; whatever is not of the schema's form makes it trouble."""
    if not isinstance(row, dict):
        return Trouble("not understood", "an answer is no object")
    event_type, _, mode = str(row.get("code")).partition("/")
    kind = codebook.types.get(event_type)
    speaker, anchor, status = row.get("speaker"), row.get("anchor"), row.get("status")
    actors, recipients = row.get("actors"), row.get("recipients")
    checks = {
        "number": _number(row) > 0,
        "is_event": isinstance(row.get("is_event"), bool),
        "code": kind is not None and (not mode or mode in kind.modes),
        "status": status in STATUSES,
        "anchor": isinstance(anchor, str),
        "actors": _are_words(actors),
        "recipients": _are_words(recipients),
        "speaker": speaker is None or isinstance(speaker, str),
    }
    wrong = [name for name, holds in checks.items() if not holds]
    if wrong:
        return Trouble("not understood", f"not of the form asked for: {', '.join(wrong)}")
    return Judgement(
        number=row["number"],
        is_event=row["is_event"],
        event_type=event_type,
        mode=mode or None,
        status=cast(Status, status),
        anchor=cast(str, anchor),
        actors=tuple(cast(list[str], actors)),
        recipients=tuple(cast(list[str], recipients)),
        speaker=speaker or None,
        reason=" ".join(str(row.get("reason") or "").split())[:LONGEST_REASON],
    )


def _are_words(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(words, str) for words in value)


def _number(row: Any) -> int:
    return _whole(row.get("number")) if isinstance(row, dict) else 0


def _whole(value: Any) -> int:
    """Gives a count as the server states it, or 0 where it states none."""
    return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else 0


def apply_judgement(event: FoundEvent, judgement: Judgement, model: str) -> FoundEvent | Trouble:
    """Gives the event as the model reads it, or trouble where it names words that the sentence does not have.

    The confidence stays the small reader's: nothing has measured the model's.
    """
    sentence, near = event.sentence, event.anchor.start
    wanted = [judgement.anchor, *judgement.actors, *judgement.recipients, *filter(None, [judgement.speaker])]
    spans = [find_words(sentence, words, near=near) for words in wanted]
    absent = [words for words, span in zip(wanted, spans, strict=True) if span is None]
    if absent:
        return Trouble("words not in the sentence", ", ".join(repr(words[:80]) for words in absent))
    found = [span for span in spans if span is not None]
    actors_end = 1 + len(judgement.actors)
    recipients_end = actors_end + len(judgement.recipients)
    reread = replace(
        event,
        event_type=judgement.event_type,
        mode=judgement.mode,
        status=judgement.status,
        anchor=found[0],
        actors=_once(found[1:actors_end]),
        recipients=_once(found[actors_end:recipients_end]),
        speaker=found[recipients_end] if judgement.speaker else None,
    )
    if reread == event:
        return replace(event, basis=f"{event.basis}; second reader {model}: confirmed")
    before, after = f"{code_of(event)} {event.status}", f"{code_of(reread)} {reread.status}"
    told = f"{after} instead of {before}" if before != after else "other words"
    reason = f" ({judgement.reason})" if judgement.reason else ""
    return replace(reread, basis=f"{event.basis}; second reader {model}: {told}{reason}")


def _once(spans: Sequence[Span]) -> tuple[Span, ...]:
    return tuple(dict.fromkeys(spans))


def find_words(sentence: Sentence, words: str, *, near: int) -> Span | None:
    """Finds whole words in a sentence, nearest to an offset of the article; curly quotes match straight ones."""
    wanted = words.translate(PLAIN).strip()
    if not wanted:
        return None
    opening, closing = (r"(?<!\w)" if wanted[0].isalnum() else ""), (r"(?!\w)" if wanted[-1].isalnum() else "")
    places = list(re.finditer(opening + re.escape(wanted) + closing, sentence.text.translate(PLAIN)))
    if not places:
        return None
    place = min(places, key=lambda match: (abs(sentence.start + match.start() - near), match.start()))
    start, end = place.span()
    return Span(start=sentence.start + start, end=sentence.start + end, text=sentence.text[start:end])


def _skip(article: Article, event: FoundEvent, trouble: Trouble) -> Skip:
    where = f"{article.location or article.doc} [{event.anchor.start}:{event.anchor.end}]"
    return Skip(location=where, stage=STAGE, reason=trouble.reason, detail=trouble.detail)


# --- the server ---


class Server:
    """One /chat/completions address. It never raises: what goes wrong comes back as trouble."""

    def __init__(self, url: str, *, key: str | None, seconds: float) -> None:
        self.url, self._seconds = url, seconds
        self._headers = {"Content-Type": "application/json", **({"Authorization": f"Bearer {key}"} if key else {})}
        self._takes_temperature = True
        self._pool = urllib3.PoolManager(
            maxsize=AT_ONCE,
            retries=False,
            timeout=urllib3.Timeout(connect=min(CONNECT_SECONDS, seconds), read=seconds),
            ca_certs=certifi.where(),
        )

    def ask(self, question: Mapping[str, Any]) -> Reply | Trouble:
        """Gives the words of the model, or trouble. Busy servers are asked again; some, without a temperature."""
        calls, status, content = 0, 0, b""
        while calls < 3:
            calls += 1
            with_temperature = self._takes_temperature
            try:
                status, wait, content = self._post(question, with_temperature=with_temperature)
            except (urllib3.exceptions.HTTPError, OSError, ValueError) as fault:
                return Trouble("no answer", f"{type(fault).__name__}: {str(fault)[:200]}")
            if status == 400 and with_temperature and b"temperature" in content:
                # Some models take no temperature but their own.
                self._takes_temperature = False
            elif (status == 429 or status >= 500) and calls == 1:
                time.sleep(wait)
            else:
                break
        if status != 200:
            return Trouble("no answer", f"HTTP status {status}: {content[:200].decode('utf8', 'replace')}")
        return parse_reply(content, calls)

    def _post(self, question: Mapping[str, Any], *, with_temperature: bool) -> tuple[int, float, bytes]:
        """Gives status, seconds to wait and the body. Redirects are not followed: the key goes nowhere else."""
        body = {**question, "temperature": 0} if with_temperature else dict(question)
        deadline = time.monotonic() + self._seconds
        answer = self._pool.request(
            "POST", self.url, body=json.dumps(body).encode(), headers=self._headers, redirect=False,
            preload_content=False,
        )  # fmt: skip
        try:
            content = bytearray()
            for chunk in answer.stream(1 << 16):
                content += chunk
                if len(content) > ANSWER_BYTES or time.monotonic() > deadline:
                    raise ValueError("the answer is too long or too slow")
            return answer.status, _wait(answer.headers.get("Retry-After")), bytes(content)
        finally:
            answer.close()


def _wait(header: str | None) -> float:
    seconds = float(header) if header and header.isdecimal() and len(header) < 6 else 1.0
    return min(seconds, LONGEST_WAIT)


def parse_reply(content: bytes, calls: int) -> Reply | Trouble:
    """Reads a server's answer: the words of its first choice, and its usage."""
    try:
        answer = json.loads(content)
        words, usage = answer["choices"][0]["message"]["content"], answer.get("usage")
    except (ValueError, KeyError, IndexError, TypeError, AttributeError, RecursionError) as fault:
        return Trouble("not understood", f"no chat completion ({type(fault).__name__})")
    if not isinstance(words, str):
        return Trouble("not understood", "the model gave no words")
    return Reply(content=words, usage=usage if isinstance(usage, dict) else {}, calls=calls)


# --- the cache ---


def cache_folder() -> Path | None:
    """Gives the user's cache folder of answers; None where there is no home to keep it in."""
    chosen = os.environ.get("DRAGOMAN_CACHE") or os.environ.get("XDG_CACHE_HOME")
    if chosen:
        return Path(chosen) / "dragoman" / "second-reader"
    try:
        return Path.home() / ".cache" / "dragoman" / "second-reader"
    except RuntimeError:
        return None


class AnswerCache:
    """Answers by the digest of server and question, a file each. Where none can be written, reading goes on without."""

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder
        self._trouble: Skip | None = None

    def read(self, url: str, question: Mapping[str, Any]) -> Reply | None:
        path = self._path(url, question)
        if path is None:
            return None
        try:
            row = json.loads(path.read_bytes())
            return Reply(content=str(row["content"]), usage={})
        except (OSError, ValueError, KeyError, TypeError, RecursionError):  # not there, or damaged: it is asked anew
            return None

    def write(self, url: str, question: Mapping[str, Any], reply: Reply) -> None:
        path = self._path(url, question)
        if path is None:
            return
        # Written beside and moved, so that another process never reads half an answer.
        beside = path.with_name(f"{path.name}.{os.getpid()}")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            beside.write_text(json.dumps({"content": reply.content}), encoding="utf8")
            beside.replace(path)
        except OSError as fault:
            self._folder = None
            self._trouble = Skip(
                location=str(path.parent), stage=STAGE, reason="cache not written", detail=str(fault)[:200]
            )

    def troubles(self) -> Iterator[Skip]:
        """Yields, once, why answers are no longer kept."""
        if self._trouble:
            yield self._trouble
            self._trouble = None

    def _path(self, url: str, question: Mapping[str, Any]) -> Path | None:
        if self._folder is None:
            return None
        digest = hashlib.sha256(json.dumps([url, question], sort_keys=True).encode()).hexdigest()
        return self._folder / digest[:2] / f"{digest}.json"
