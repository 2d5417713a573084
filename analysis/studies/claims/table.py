"""The table of claims, ``claims.toml``: the words of each claim's page and the quantities that decide it."""

import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal


@dataclass(frozen=True, kw_only=True)
class Deciding:
    """A quantity that decides a claim. It was named before it was computed.

    Attributes
    ----------
    claim, quantity, when, group : str
        The row of claims.csv.
    kind : {"posterior", "description"}
        Whether it is estimated or counted.
    words : str
        What it is, for a sentence.
    limit : float
        The claim says that the quantity is above it; 0 for a posterior.
    """

    claim: str
    quantity: str
    when: str
    group: str
    kind: Literal["posterior", "description"]
    words: str
    limit: float = 0.0


@dataclass(frozen=True, kw_only=True)
class Claim:
    """One claim.

    Attributes
    ----------
    name, title : str
        Short name, and the claim in a sentence.
    measured, refuted_by, limits : str
        What was measured and on what; what would have refuted it; what the study cannot say.
    deciding : tuple of Deciding
        Quantities that decide it.
    """

    name: str
    title: str
    measured: str
    refuted_by: str
    limits: str
    deciding: tuple[Deciding, ...]


@cache
def load_claims() -> tuple[Claim, ...]:
    """Load all claims in the order of claims.toml."""
    text = Path(__file__).with_name("claims.toml").read_text(encoding="utf-8")
    claims = []
    for name, table in tomllib.loads(text).items():
        deciding = tuple(Deciding(claim=name, **row) for row in table.pop("deciding"))
        claims.append(Claim(name=name, deciding=deciding, **table))
    return tuple(claims)
