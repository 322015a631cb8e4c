"""The reasons for which an input is declined, and how the faults of streams are put in words."""

from __future__ import annotations

from dragoman.model import Skip

STAGE = "sources"

# The closed list of reasons of this stage.
REASONS = frozenset({
    "missing",  # no such file
    "unreadable",  # the system refuses to open or read it
    "empty",
    "passed-over",
    "binary",  # holds no text
    "too-large",
    "truncated",  # packed data that ends too early or is damaged
    "broken-line",  # a line of JSON that is no article line
    "broken-record",  # an archive record that cannot be read
    "broken-feed",
    "unknown-date",  # a date that is none; the report itself is read
    "not-a-page",  # an archived or fetched answer that is no page: a redirect, an error, an image
    "refused-address",  # an address that is not public
    "not-allowed",  # robots.txt forbids to fetch it
    "fetch-failed",
})


def skip(location: str, reason: str, detail: str = "") -> Skip:
    """A refusal of this stage. `reason` is one of `REASONS`."""
    if reason not in REASONS:
        raise ValueError(f"unknown reason {reason!r}")
    return Skip(location=location, stage=STAGE, reason=reason, detail=detail)


def skip_stream_error(location: str, error: Exception) -> Skip:
    """The refusal for a stream that could not be read to its end: the system's fault or the packed data's."""
    if isinstance(error, OSError) and error.errno is not None:
        reason = "missing" if isinstance(error, FileNotFoundError) else "unreadable"
        return skip(location, reason, error.strerror or str(error))
    return skip(location, "truncated", f"the packed data is damaged or ends too early ({error})")
