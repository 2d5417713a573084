"""What everybody knows about the Assembly, written before a fit was looked at, and whether positions agree.

An expectation that fails stays in the list. Either the positions are wrong, or what everybody knows is not
what one dimension shows; ``models/docs/updates.md`` says which.
"""

from collections.abc import Callable
from dataclasses import dataclass

import pandas as pd

Sessions = tuple[int, int]

FIRST_LIST, SECOND_LIST = "2026-11-25", "2026-11-28"
"""Days on which expectations were written: the second list before any fit beyond session 74."""

AGAINST_CRIMEA = ("ARM", "BLR", "BOL", "CUB", "NIC", "PRK", "RUS", "SDN", "SYR", "VEN", "ZWE")
"""Against resolution 68/262 of 27 March 2014 on the territorial integrity of Ukraine."""
AGAINST_ES_11_1 = ("BLR", "ERI", "PRK", "RUS", "SYR")
"""Against resolution ES-11/1 of 2 March 2022 on the aggression against Ukraine."""
EUROPE = ("DEU", "FRA", "GBR", "ITA", "ESP", "POL", "NLD", "SWE")
"""Large allies of the US that voted for resolution ES-11/7 of 24 February 2025, which the US opposed."""


@dataclass(frozen=True)
class Expectation:
    """One known fact.

    Attributes
    ----------
    written : str
        Day on which it was written.
    about : str
        Year or event.
    text : str
        The fact.
    last : int
        Last session that it needs.
    margin : callable
        From posterior means (session, state) to a number, positive if the positions agree.
    """

    written: str
    about: str
    text: str
    last: int
    margin: Callable[[pd.DataFrame], float]


def measure_level(mean: pd.DataFrame, states: str | tuple[str, ...], sessions: Sessions) -> float:
    """Mean position of a state, or of several, over sessions."""
    return float(
        mean.loc[slice(*sessions), [states] if isinstance(states, str) else list(states)].mean().mean()
    )


def turn(
    written: str, about: str, state: str, before: Sessions, after: Sessions, direction: int
) -> Expectation:
    """Expect a state to move: 1 towards where the US votes, -1 away."""
    where = "towards where the US votes" if direction > 0 else "away from where the US votes"
    text = f"{state} moves {where} from sessions {before[0]}-{before[1]} to {after[0]}-{after[1]}"

    def margin(mean: pd.DataFrame) -> float:
        return direction * (measure_level(mean, state, after) - measure_level(mean, state, before))

    return Expectation(written, about, text, after[1], margin)


def end(
    written: str, about: str, state: str, session: int, *, above: float = 0, below: float = 1
) -> Expectation:
    """Expect a state among the states of a session: its share of states at or below lies within limits."""
    text = f"{state}: at least {above:.0%} of the states of session {session} lie at it or below"
    if not above:
        text = f"{state}: at most {below:.0%} of the states of session {session} lie at it or below"

    def margin(mean: pd.DataFrame) -> float:
        rank = mean.loc[session].dropna().rank(pct=True)[state]
        return rank - above if above else below - rank

    return Expectation(written, about, text, session, margin)


def nearer(
    about: str, state: str, other: str, than: str | tuple[str, ...], sessions: Sessions
) -> Expectation:
    """Expect a state to be nearer to another one than some third states are on average."""
    third = than if isinstance(than, str) else "large European allies"
    text = f"{state} is nearer to {other} than {third}, sessions {sessions[0]}-{sessions[1]}"

    def margin(mean: pd.DataFrame) -> float:
        goal = measure_level(mean, other, sessions)
        away = [abs(measure_level(mean, one, sessions) - goal) for one in (state, than)]
        return away[1] - away[0]

    return Expectation(SECOND_LIST, about, text, sessions[1], margin)


def gap_grows(
    about: str, state: str, others: tuple[str, ...], before: Sessions, after: Sessions
) -> Expectation:
    """Expect a state to move away from the mean of others."""
    text = (
        f"{state} is further from large European allies in sessions {after[0]}-{after[1]} than in "
        f"{before[0]}-{before[1]}"
    )

    def margin(mean: pd.DataFrame) -> float:
        then, now = (
            abs(measure_level(mean, state, when) - measure_level(mean, others, when))
            for when in (before, after)
        )
        return now - then

    return Expectation(SECOND_LIST, about, text, after[1], margin)


EXPECTATIONS = (
    turn(FIRST_LIST, "end of the Cold War", "RUS", (38, 42), (46, 50), 1),
    turn(FIRST_LIST, "Russia under Putin", "RUS", (48, 58), (69, 73), -1),
    turn(FIRST_LIST, "revolution in Cuba", "CUB", (10, 13), (17, 20), -1),
    turn(FIRST_LIST, "Egypt changes sides", "EGY", (24, 27), (30, 33), 1),
    *(end(FIRST_LIST, "2002", state, 57, above=0.9) for state in ("USA", "GBR", "ISR")),
    *(end(FIRST_LIST, "2002", state, 57, below=0.25) for state in ("CUB", "SYR", "PRK")),
    *(end(FIRST_LIST, "2013", state, 68, above=0.9) for state in ("USA", "GBR", "ISR")),
    *(end(FIRST_LIST, "2013", state, 68, below=0.25) for state in ("CUB", "SYR", "PRK")),
    # Crimea: session 68 began in the autumn before. Kyiv turned west, Moscow away.
    turn(SECOND_LIST, "Crimea, 2014", "UKR", (65, 67), (69, 71), 1),
    turn(SECOND_LIST, "Crimea, 2014", "RUS", (65, 67), (69, 71), -1),
    end(SECOND_LIST, "Crimea, 2014", "UKR", 69, above=0.7),
    *(end(SECOND_LIST, "Crimea, 2014", state, 69, below=0.5) for state in AGAINST_CRIMEA),
    # The war of 2022: session 76 had the votes of March, session 77 those of the autumn.
    turn(SECOND_LIST, "Ukraine, 2022", "RUS", (69, 73), (76, 78), -1),
    turn(SECOND_LIST, "Ukraine, 2022", "UKR", (65, 67), (76, 78), 1),
    turn(SECOND_LIST, "Ukraine, 2022", "BLR", (69, 73), (77, 79), -1),
    turn(SECOND_LIST, "coup in Mali, 2021", "MLI", (70, 73), (77, 79), -1),
    turn(SECOND_LIST, "Ukraine, 2022", "NIC", (69, 73), (77, 79), -1),
    end(SECOND_LIST, "Ukraine, 2022", "UKR", 77, above=0.75),
    *(end(SECOND_LIST, "Ukraine, 2022", state, 77, above=0.65) for state in ("GEO", "MDA", "FIN", "SWE")),
    *(end(SECOND_LIST, "Ukraine, 2022", state, 77, below=0.25) for state in AGAINST_ES_11_1),
    # 2025: the US votes with Russia in February (session 79), and alone or nearly so in the autumn (80).
    end(SECOND_LIST, "the US in 2025", "USA", 79, above=0.95),
    end(SECOND_LIST, "the US in 2025", "USA", 80, above=0.95),
    end(SECOND_LIST, "the US in 2025", "RUS", 79, below=0.4),
    end(SECOND_LIST, "the US in 2025", "RUS", 80, below=0.4),
    gap_grows("the US in 2025", "USA", EUROPE, (76, 78), (80, 80)),
    nearer("the US in 2025", "ISR", "USA", EUROPE, (79, 80)),
    nearer("the US in 2025", "HUN", "USA", EUROPE, (79, 80)),
    nearer("the US in 2025", "ARG", "USA", "BRA", (79, 80)),
    turn(SECOND_LIST, "Argentina under Milei", "ARG", (75, 77), (79, 80), 1),
)


def check_expectations(positions: pd.DataFrame) -> pd.DataFrame:
    """Compare posterior means with every expectation whose sessions the record has.

    Parameters
    ----------
    positions : pd.DataFrame
        From ``summarize_positions``: ``state, session, mean``.

    Returns
    -------
    pd.DataFrame
        ``written, about, expectation, margin`` (standard deviations of state-sessions, or shares of states;
        positive if it holds), ``held`` (bool). Expectations about states that the record lacks are left out.
    """
    mean = positions.pivot(index="session", columns="state", values="mean")
    rows = []
    for one in EXPECTATIONS:
        if one.last > mean.index.max():
            continue
        try:
            margin = one.margin(mean)
        except KeyError:
            # A simulated or shortened record has neither these states nor these sessions.
            continue
        if pd.notna(margin):
            rows.append((one.written, one.about, one.text, margin, margin > 0))
    return pd.DataFrame(rows, columns=["written", "about", "expectation", "margin", "held"])
