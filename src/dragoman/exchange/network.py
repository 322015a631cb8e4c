"""The network of a record as GraphML or GEXF: parties as nodes, and what one did to another as weighted arrows.

An arrow counts happenings, not reports, by quad class; `weight` is their sum and `intensity` their mean PLOVER score.
Only what was done counts: the record's dyads leave out what was denied, planned or supposed. Export only.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TextIO
from xml.sax.saxutils import quoteattr

from dragoman.countries import load_countries
from dragoman.exchange.knowledge import load_nonstates

_COUNTS = ("quad1", "quad2", "quad3", "quad4", "weight")
_EDGE_KINDS = {**dict.fromkeys(_COUNTS, "int"), "intensity": "double"}
_NODE_KINDS = {"label": "string", "kind": "string", "cow": "int", "gw": "int"}
_GEXF_KINDS = {"int": "integer"}
# Characters that no XML 1.0 document may hold.
_FORBIDDEN = dict.fromkeys([*range(9), 11, 12, *range(14, 32), 0xFFFE, 0xFFFF, *range(0xD800, 0xE000)], "\ufffd")

Values = dict[str, object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrow:
    """What one party did to another: happenings by quad class (1-4) and the sum of their PLOVER scores."""

    actor: str
    recipient: str
    quads: tuple[int, int, int, int]
    intensity: float

    def values(self) -> Values:
        """The attributes of the arrow, in the order in which they are declared."""
        weight = sum(self.quads)
        counts = dict(zip(_COUNTS, (*self.quads, weight), strict=True))
        return {**counts, "intensity": round(self.intensity / weight, 4)}


def write_graphml(arrows: Sequence[Arrow], out: TextIO) -> None:
    """Writes the network as GraphML (http://graphml.graphdrawing.org), directed."""
    out.write('<?xml version="1.0" encoding="UTF-8"?>\n<graphml xmlns="http://graphml.graphdrawing.org/xmlns">\n')
    for element, kinds in (("node", _NODE_KINDS), ("edge", _EDGE_KINDS)):
        for name, kind in kinds.items():
            out.write(f'<key id="{name}" for="{element}" attr.name="{name}" attr.type="{kind}"/>\n')
    out.write('<graph id="ties" edgedefault="directed">\n')
    for party in _parties(arrows):
        out.write(f"<node id={_quoted(party)}>{_data(_node_values(party))}</node>\n")
    for arrow in arrows:
        ends = f"source={_quoted(arrow.actor)} target={_quoted(arrow.recipient)}"
        out.write(f"<edge {ends}>{_data(arrow.values())}</edge>\n")
    out.write("</graph>\n</graphml>\n")


def write_gexf(arrows: Sequence[Arrow], out: TextIO) -> None:
    """Writes the network as GEXF 1.3 (https://gexf.net), directed."""
    out.write('<?xml version="1.0" encoding="UTF-8"?>\n<gexf xmlns="http://gexf.net/1.3" version="1.3">\n')
    out.write('<graph defaultedgetype="directed">\n')
    for element, kinds in (("node", _NODE_KINDS), ("edge", _EDGE_KINDS)):
        out.write(f'<attributes class="{element}">\n')
        for name, kind in kinds.items():
            out.write(f'<attribute id="{name}" title="{name}" type="{_GEXF_KINDS.get(kind, kind)}"/>\n')
        out.write("</attributes>\n")
    out.write("<nodes>\n")
    for party in _parties(arrows):
        values = _node_values(party)
        out.write(f"<node id={_quoted(party)} label={_quoted(values['label'])}>{_attvalues(values)}</node>\n")
    out.write("</nodes>\n<edges>\n")
    for number, arrow in enumerate(arrows):
        values = arrow.values()
        ends = f'id="{number}" source={_quoted(arrow.actor)} target={_quoted(arrow.recipient)}'
        out.write(f'<edge {ends} weight="{values["weight"]}">{_attvalues(values)}</edge>\n')
    out.write("</edges>\n</graph>\n</gexf>\n")


def _parties(arrows: Iterable[Arrow]) -> list[str]:
    return sorted({party for arrow in arrows for party in (arrow.actor, arrow.recipient)})


def _node_values(party: str) -> Values:
    country = load_countries().get(party)
    kind = "state" if country else "organisation" if party.partition(":")[0] in load_nonstates() else "other"
    numbers = {"cow": country.cow, "gw": country.gw} if country else {}
    return {"label": country.name if country else party.partition(":")[2] or party, "kind": kind, **numbers}


def _data(values: Values) -> str:
    return "".join(f'<data key="{name}">{_quoted(value)[1:-1]}</data>' for name, value in _stated(values))


def _attvalues(values: Values) -> str:
    told = "".join(f'<attvalue for="{name}" value={_quoted(value)}/>' for name, value in _stated(values))
    return f"<attvalues>{told}</attvalues>"


def _stated(values: Values) -> Iterator[tuple[str, object]]:
    return ((name, value) for name, value in values.items() if value is not None)


def _quoted(value: object) -> str:
    return quoteattr(str(value).translate(_FORBIDDEN), {'"': "&quot;"})
