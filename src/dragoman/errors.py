"""The errors a caller can meet.

    DragomanError
    |- CodebookError     the codebook or a user's ontology cannot be read
    |- DictionaryError   an actor dictionary cannot be read
    |- SourceError       an input cannot be opened at all
    |- StoreError        the record on disk is missing, damaged, locked or of a newer version
    |- QueryError        a question names something that does not exist
    |- ReaderError       the reader's weights are missing or do not fit

Each carries one sentence that says what to do. A text that cannot be coded is no error: it is a `Skip`.
"""


class DragomanError(Exception):
    """The root of everything Dragoman raises on purpose."""


class CodebookError(DragomanError):
    """The codebook or a user's ontology cannot be read."""


class DictionaryError(DragomanError):
    """An actor dictionary cannot be read."""


class SourceError(DragomanError):
    """An input cannot be opened at all."""


class StoreError(DragomanError):
    """The record on disk is missing, damaged, locked or of a newer version."""


class QueryError(DragomanError):
    """A question names something that does not exist."""


class ReaderError(DragomanError):
    """The reader's weights are missing or do not fit."""
