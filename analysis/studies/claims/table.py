"""The table of claims, ``claims.toml``: the words of each claim's page and the quantities that decide it."""

import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal


@dataclass(frozen=True, kw_only=True)
class Deciding:
    """A quantity that decides a claim: a row of claims.csv, named before it was computed.

    ``words`` says what it is, for a sentence. The claim says that it is above ``limit``. ``no_effect`` says
    what it is if the effect under test is zero.
    """

    claim: str
    quantity: str
    when: str
    group: str
    kind: Literal["posterior", "description"]
    words: str
    no_effect: str
    limit: float = 0.0


@dataclass(frozen=True, kw_only=True)
class Claim:
    """A claim: its title, what was measured, what would have refuted it, and what the study cannot say."""

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
