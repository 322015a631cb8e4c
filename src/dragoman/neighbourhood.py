"""The neighbourhood of ties in a window: who deals with whom, who moves together, who stands between, what is unusual.

Stands on the view. Pairs are undirected and count happenings, what is mutual once; among states and bodies with a
code of their own. Graph measures are networkx's. It refuses a window in which nothing was read: what is not known is
neither calm nor unusual.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from math import sqrt
from typing import TYPE_CHECKING, Any

from dragoman.errors import QueryError
from dragoman.rows import UMBRELLA_CODES, each_day
from dragoman.ties import Scale, Window
from dragoman.view import RecordView

if TYPE_CHECKING:
    import networkx

# A chance below this makes a pair's number unusual; with the number of pairs looked at (Bonferroni).
UNUSUAL = 0.05
# Changes smaller than so many standard deviations are not ranked: they are within what chance and belief allow.
LEAST_Z = 1.645
_SEED = 7  # of Louvain's and the layout's random orders: the same ties give the same answer
_CODE_LENGTH = 3
Row = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """What passed between two parties in a window, both ways: happenings, of these cooperation; sums of their scores.

    `squares` is the sum of squared scores, `doubt` the variance that belief leaves in `score`.
    """

    a: str
    b: str
    happenings: int
    cooperation: int
    score: float
    squares: float
    doubt: float
    record_ids: tuple[str, ...] = ()

    @property
    def intensity(self) -> float:
        """The mean score of its happenings."""
        return self.score / self.happenings if self.happenings else 0.0

    def to_row(self) -> Row:
        return {
            "a": self.a,
            "b": self.b,
            "happenings": self.happenings,
            "cooperation": self.cooperation,
            "conflict": self.happenings - self.cooperation,
            "intensity": round(self.intensity, 4),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """A party of a network: its happenings, its community, how far it stands between others, where it lies on paper.

    `brokerage` is the share of shortest ways of cooperation that lead through it (betweenness, 0 to 1);
    `reach` how evenly its cooperation is spread over communities (participation coefficient, Guimera and Amaral 2005).
    """

    party: str
    happenings: int
    community: int
    brokerage: float
    reach: float
    x: float
    y: float

    def to_row(self) -> Row:
        return {name: getattr(self, name) for name in self.__slots__}


@dataclass(frozen=True, slots=True, kw_only=True)
class Network:
    """The ties of a window as nodes and edges; `graph` is the networkx graph they were measured on."""

    window: Window
    nodes: tuple[Node, ...]
    edges: tuple[Pair, ...]
    modularity: float
    graph: networkx.Graph[str] = field(repr=False, compare=False)

    @property
    def communities(self) -> tuple[tuple[str, ...], ...]:
        """Parties that cooperate with each other more than with the rest, the largest community first."""
        found: dict[int, list[str]] = {}
        for node in self.nodes:
            found.setdefault(node.community, []).append(node.party)
        return tuple(tuple(found[number]) for number in sorted(found))

    def to_rows(self) -> list[Row]:
        """Rows of nodes, then of pairs, each with its `kind`; communities are numbered from 1."""
        nodes = [{"kind": "node", **node.to_row(), "community": node.community + 1} for node in self.nodes]
        return [*nodes, *({"kind": "pair", **edge.to_row()} for edge in self.edges)]

    @property
    def brokers(self) -> tuple[Node, ...]:
        """The parties that stand between others, the most so first."""
        return tuple(sorted((n for n in self.nodes if n.brokerage > 0), key=lambda n: (-n.brokerage, n.party)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Unusual:
    """A pair with more happenings than its two sides' own numbers, or its own past, would lead one to expect.

    `expected` by the product of both sides' totals (the configuration model); `before`, the happenings to expect from
    the window before at the same rate by articles read; `chance` is the larger of the two tail probabilities.
    """

    pair: Pair
    expected: float
    before: float
    chance: float

    def to_row(self) -> Row:
        return {
            **self.pair.to_row(),
            "expected": round(self.expected, 2),
            "expected_by_past": round(self.before, 2),
            "chance": self.chance,
            "records": list(self.pair.record_ids),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """How a pair moved between two windows: summed score a day read before and after, and how sure the difference is.

    `z` is the difference in its standard deviations, from the flow of happenings (compound Poisson) and from belief.
    """

    before: Pair
    after: Pair
    level_before: float
    level_after: float
    z: float

    @property
    def size(self) -> float:
        """Above zero: warmer."""
        return self.level_after - self.level_before

    def to_row(self) -> Row:
        return {
            "a": self.after.a,
            "b": self.after.b,
            "change": round(self.size, 4),
            "z": round(self.z, 2),
            "level_before": round(self.level_before, 4),
            "level_after": round(self.level_after, 4),
            "happenings_before": self.before.happenings,
            "happenings_after": self.after.happenings,
            "records_before": list(self.before.record_ids),
            "records_after": list(self.after.record_ids),
        }


# --- pairs ---


def find_pairs(view: RecordView, window: Window, *, scale: Scale = "plover") -> list[Pair]:
    """Gives all pairs that dealt with each other in a window, the busiest first."""
    query = f"""SELECT low AS a, high AS b, count(*) AS happenings, count(*) FILTER (quad <= 2) AS cooperation,
            sum(intensity) AS score, sum(belief * intensity * intensity) AS squares,
            sum(belief * (1 - belief) * intensity * intensity) AS doubt, list(DISTINCT record_id) AS record_ids
        FROM {{dyads:{scale}}} WHERE low <> high AND len(low) = $length AND len(high) = $length
            AND NOT list_contains($umbrellas, low) AND NOT list_contains($umbrellas, high)
            AND day >= $since AND last_day < $until AND (is_forward OR NOT is_mutual)
        GROUP BY low, high ORDER BY happenings DESC, low, high"""
    values = {
        "length": _CODE_LENGTH, "umbrellas": sorted(UMBRELLA_CODES), "since": window.since, "until": window.until
    }  # fmt: skip
    rows = view.ask(query, values, window=window).to_pylist()
    return [Pair(**{**row, "record_ids": tuple(sorted(row["record_ids"]))}) for row in rows]


def find_arrows(view: RecordView, window: Window, *, parties: int = 20, scale: Scale = "plover") -> list[Row]:
    """Gives what each of the busiest parties did to each other: rows of actor, recipient, happenings, intensity.

    Parties come in the order of their communities, so that blocks show in a table.
    """
    network = build_network(view, window, parties=parties, scale=scale)
    order = {node.party: number for number, node in enumerate(network.nodes)}
    query = f"""SELECT if(is_forward, low, high) AS actor, if(is_forward, high, low) AS recipient,
            count(*) AS happenings, round(avg(intensity), 4) AS intensity
        FROM {{dyads:{scale}}} WHERE low <> high AND list_contains($parties, low) AND list_contains($parties, high)
            AND day >= $since AND last_day < $until GROUP BY 1, 2"""
    values = {"parties": list(order), "since": window.since, "until": window.until}
    rows = view.ask(query, values, window=window).to_pylist()
    return sorted(rows, key=lambda row: (order[row["actor"]], order[row["recipient"]]))


# --- the network ---


def build_network(
    view: RecordView, window: Window, *, parties: int = 40, least: int = 1, scale: Scale = "plover"
) -> Network:
    """Gives the network of the busiest parties of a window, with communities, brokers and places on paper.

    Communities by Louvain (Blondel et al. 2008) and betweenness by Brandes (2001), both on happenings of cooperation
    alone; two parties are the nearer the more they cooperate. `least` is the number of happenings that make an edge.

    Raises:
        QueryError: no two parties dealt with each other in that window.
    """
    import networkx as nx  # here, since few questions need it

    pairs = [pair for pair in find_pairs(view, window, scale=scale) if pair.happenings >= least]
    totals = _totals(pairs)
    kept = set(sorted(totals, key=lambda party: (-totals[party], party))[:parties])
    edges = tuple(pair for pair in pairs if {pair.a, pair.b} <= kept)
    if not edges:
        raise QueryError(
            f"no two parties dealt with each other from {window.since} to {window.until}: widen the window"
        )
    graph = nx.Graph()
    for pair in edges:
        nearness = {"cooperation": pair.cooperation, "distance": 1 / pair.cooperation} if pair.cooperation else {}
        graph.add_edge(pair.a, pair.b, happenings=pair.happenings, intensity=pair.intensity, **nearness)
    friendly = nx.Graph((a, b, told) for a, b, told in graph.edges(data=True) if "cooperation" in told)
    friendly.add_nodes_from(sorted(graph))
    found = nx.community.louvain_communities(friendly, weight="cooperation", seed=_SEED)
    communities = sorted((sorted(members, key=lambda p: (-totals[p], p)) for members in found), key=_by_size)
    nodes = _nodes(graph, friendly, communities)
    modularity = nx.community.modularity(friendly, found, weight="cooperation") if friendly.edges else 0.0
    return Network(window=window, nodes=nodes, edges=edges, modularity=round(modularity, 4), graph=graph)


def _by_size(members: Sequence[str]) -> tuple[int, str]:
    return -len(members), members[0]


def _nodes(
    graph: networkx.Graph[str], friendly: networkx.Graph[str], communities: Sequence[Sequence[str]]
) -> tuple[Node, ...]:
    import networkx as nx

    between = nx.betweenness_centrality(friendly, weight="distance")
    places = nx.forceatlas2_layout(graph, weight="cooperation", seed=_SEED, max_iter=400, scaling_ratio=4.0)
    number_of = {party: number for number, members in enumerate(communities) for party in members}
    happenings = dict(graph.degree(weight="happenings"))
    return tuple(
        Node(
            party=party,
            happenings=happenings[party],
            community=number_of[party],
            brokerage=round(between[party], 4),
            reach=round(_reach(friendly, party, number_of), 4),
            x=round(float(places[party][0]), 4),
            y=round(float(places[party][1]), 4),
        )
        for members in communities
        for party in members
    )


def _reach(friendly: networkx.Graph[str], party: str, community_of: Mapping[str, int]) -> float:
    """One less the squared shares of its cooperation by community: 0 if all stays in one."""
    by_community: dict[int, int] = {}
    for other, told in friendly[party].items():
        number = community_of[other]
        by_community[number] = by_community.get(number, 0) + told["cooperation"]
    total = sum(by_community.values())
    return 1 - sum((part / total) ** 2 for part in by_community.values()) if total else 0.0


def _totals(pairs: Iterable[Pair]) -> dict[str, int]:
    totals: dict[str, int] = {}
    for pair in pairs:
        for party in (pair.a, pair.b):
            totals[party] = totals.get(party, 0) + pair.happenings
    return totals


# --- unusual pairs ---


def find_unusual(view: RecordView, window: Window, *, least: int = 3, scale: Scale = "plover") -> list[Unusual]:
    """Gives the pairs that deal with each other more than could be expected, the least likely first.

    A pair is unusual if its happenings are too many for chance (Poisson tail, `UNUSUAL` over the number of pairs looked
    at) both by what its two sides do at all, and by its own rate in a window of the same length before.

    Raises:
        QueryError: nothing was read in the window.
    """
    from scipy.stats import nbinom, poisson  # here, since they take most of a second

    pairs = find_pairs(view, window, scale=scale)
    past = _window_before(window)
    read, read_before = _articles(view, window), _articles(view, past)
    if not read:
        raise QueryError(f"nothing was read from {window.since} to {window.until}: nothing can be called unusual")
    earlier = {(pair.a, pair.b): pair.happenings for pair in find_pairs(view, past, scale=scale)}
    totals, whole = _totals(pairs), sum(pair.happenings for pair in pairs)
    candidates = [pair for pair in pairs if pair.happenings >= least]
    found = []
    for pair in candidates:
        expected = totals[pair.a] * totals[pair.b] / (2 * whole)
        seen = earlier.get((pair.a, pair.b), 0)
        # The rate of the past is itself uncertain (gamma with Jeffreys' half): the predictive is negative binomial.
        by_past = float(nbinom.sf(pair.happenings - 1, seen + 0.5, read_before / (read + read_before)))
        chance = max(float(poisson.sf(pair.happenings - 1, expected)), by_past if read_before else 0.0)
        before = (seen + 0.5) * read / read_before if read_before else float("nan")
        if chance < UNUSUAL / len(candidates):
            found.append(Unusual(pair=pair, expected=expected, before=before, chance=chance))
    return sorted(found, key=lambda each: (each.chance, each.pair.a, each.pair.b))


def _window_before(window: Window) -> Window:
    return replace(window, since=window.since - (window.until - window.since), until=window.since)


def _articles(view: RecordView, window: Window) -> int:
    return sum(number for day, number in view.articles_by_day().items() if window.since <= day < window.until)


# --- two windows ---


def compare_windows(
    view: RecordView, before: Window, after: Window, *, least: int = 3, scale: Scale = "plover"
) -> list[Change]:
    """Gives how each pair moved between two windows, the largest change first, however sure.

    Pairs with fewer than `least` happenings in both together are left out.

    Raises:
        QueryError: nothing was read in one of the windows.
    """
    days = [_days_read(view, window) for window in (before, after)]
    for number, window in zip(days, (before, after), strict=True):
        if not number:
            raise QueryError(f"nothing was read from {window.since} to {window.until}: it cannot be compared")
    pairs = [{(p.a, p.b): p for p in find_pairs(view, window, scale=scale)} for window in (before, after)]
    changes = [
        _change(pairs[0].get(key) or _nothing(*key), pairs[1].get(key) or _nothing(*key), days)
        for key in {**pairs[0], **pairs[1]}
    ]
    told = [change for change in changes if change.before.happenings + change.after.happenings >= least]
    return sorted(told, key=lambda change: (-abs(change.size), change.after.a, change.after.b))


def rank_changes(
    view: RecordView, before: Window, after: Window, *, least: int = 3, scale: Scale = "plover"
) -> tuple[list[Change], list[Change]]:
    """Gives the pairs that warmed and those that cooled between two windows, the largest change first.

    Only changes of at least `LEAST_Z` standard deviations are ranked.
    """
    sure = [c for c in compare_windows(view, before, after, least=least, scale=scale) if abs(c.z) >= LEAST_Z]
    return [c for c in sure if c.size > 0], [c for c in sure if c.size < 0]


def halves(view: RecordView, since: date | None = None, until: date | None = None) -> tuple[Window, Window]:
    """The two halves of a window; without one, the last ninety days that were read and the ninety before them."""
    read = sorted(view.articles_by_day())
    if not read:
        raise QueryError("nothing was read yet: there is nothing to compare")
    end = until or read[-1] + timedelta(days=1)
    start = since or max(read[0], end - timedelta(days=180))
    middle = start + (end - start) // 2
    return Window(since=start, until=middle), Window(since=middle, until=end)


def _nothing(a: str, b: str) -> Pair:
    return Pair(a=a, b=b, happenings=0, cooperation=0, score=0.0, squares=0.0, doubt=0.0)


def _change(before: Pair, after: Pair, days: Sequence[int]) -> Change:
    levels = [pair.score / number for pair, number in zip((before, after), days, strict=True)]
    variance = sum((p.squares + p.doubt) / number**2 for p, number in zip((before, after), days, strict=True))
    return Change(
        before=before,
        after=after,
        level_before=levels[0],
        level_after=levels[1],
        z=(levels[1] - levels[0]) / sqrt(variance) if variance else 0.0,
    )


def _days_read(view: RecordView, window: Window) -> int:
    read = view.articles_by_day()
    return sum(1 for day in each_day(window.since, window.until) if read.get(day, 0) > 0)
