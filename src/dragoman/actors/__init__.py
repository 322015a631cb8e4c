"""Stage 4: names, roles, "the president" and pronouns -> Entity with dated office, and why.

Requires an Article with its sentences; gives Mentions in order, or the entities of a span that a learned reader found.
It refuses to make an entity of a private person, and to choose where a phrase alone can mean two states: it says so.
"""

from dragoman.actors.index import ActorIndex, Refusal

__all__ = ["ActorIndex", "Refusal"]
