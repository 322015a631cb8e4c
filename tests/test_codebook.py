"""The codebook: all rows are there, the patches hold, CAMEO and PLOVER meet."""

from __future__ import annotations

import pytest

from dragoman.codebook import QUADS, load_codebook
from dragoman.errors import QueryError

BOOK = load_codebook()


def test_counts_are_plovers() -> None:
    assert len(BOOK.types) == 16
    assert sum(len(t.modes) for t in BOOK.types.values()) == 67
    assert len(BOOK.contexts) == 37
    assert len(BOOK.sectors) == 25
    assert len(BOOK.cameo) == 318


@pytest.mark.parametrize(
    ("event_type", "mode", "score"),
    [
        ("ACCUSE", None, -3.0),  # printed as 3 in the manual
        ("PROTEST", "vandalize", -5.0),  # has no score of its own
        ("CONSULT", "visit", 4.0),
        ("CONSULT", None, 2.5),
        ("REQUEST", "assist", 0.5),
    ],
)
def test_intensity(event_type: str, mode: str | None, score: float) -> None:
    assert BOOK.intensity(event_type, mode) == score


def test_sanction_is_material_conflict() -> None:
    assert BOOK.quad("SANCTION") == 4


def test_unknown_type_suggests_the_nearest() -> None:
    with pytest.raises(QueryError, match="did you mean ASSAULT"):
        BOOK.event_type("ASAULT")


def test_every_cameo_code_lands_on_one_type_and_quad() -> None:
    for code in BOOK.cameo.values():
        assert code.quad in QUADS
        if code.event_type:
            assert code.event_type in BOOK.types
            assert code.mode is None or code.mode in BOOK.types[code.event_type].modes
        assert set(code.contexts) <= {*BOOK.contexts, "humanitarian", "democracy"}


def test_every_type_has_a_way_to_cameo_and_back() -> None:
    for name, kind in BOOK.types.items():
        for mode in (None, *kind.modes):
            assert BOOK.from_cameo(BOOK.to_cameo(name, mode).code).event_type == name
