"""One page a claim: what was measured, the result, what would have refuted it, other codings, limits."""

import numpy as np
import pandas as pd

from analysis.posterior.joining import OVERLAP
from analysis.posterior.words import interval, number, percent, probability
from analysis.studies.claims.judge import SURE
from analysis.studies.claims.others import find_others
from analysis.studies.claims.rows import CHANGE, find_row
from analysis.studies.claims.table import load_claims


def write_pages(
    rows: pd.DataFrame, judged: pd.DataFrame, others: pd.DataFrame, missing: dict[str, list[str]]
) -> list[dict]:
    """Write the pages of all claims, ready for JSON.

    Takes the tables of ``tabulate``, ``judge`` and ``gather_others`` and, by claim, messages about what could
    not be computed. ``result`` and ``codings`` of a page are lists of sentences, ``missing`` lists messages.
    """
    pages = []
    for claim in load_claims():
        own, decided = rows[rows["claim"] == claim.name], judged[judged["claim"] == claim.name]
        pages.append(
            {
                "claim": claim.name,
                "title": claim.title,
                "measured": claim.measured,
                "result": [*_say_deciding(own, decided), *RESULTS[claim.name](own)],
                "verdict": decided["claim_verdict"].iloc[0],
                "together": _say_together(decided),
                "refuted_by": claim.refuted_by,
                "codings": _say_codings(own, decided, others),
                "limits": claim.limits,
                "missing": missing.get(claim.name, []),
            }
        )
    return pages


def _say_deciding(rows: pd.DataFrame, decided: pd.DataFrame) -> list[str]:
    sentences = []
    for entry in decided.itertuples():
        row = find_row(rows, entry.quantity, entry.when, entry.group)
        if row is None:
            sentences.append(f"{_capital(entry.words)}: not computed.")
            continue
        said = say_interval(row) if entry.kind == "posterior" else say_number(row["mean"], row["unit"])
        nothing = f"If nothing were behind the claim, it would be {entry.no_effect}"
        sentences.append(f"{_capital(entry.words)}: {said}. {nothing}. Verdict: {entry.verdict}.")
    return sentences


def _say_together(decided: pd.DataFrame) -> str:
    """Say how sure it is that all posteriors of a claim are on its side; empty if there is at most one."""
    if (decided["kind"] == "posterior").sum() < 2 or decided["mean"].isna().any():
        return ""
    # A lower bound is rounded down.
    bound = np.floor(100 * decided["together"].iloc[0]) / 100
    return (
        f"The probability that all estimated quantities are on the claim's side is at least {number(bound)}."
    )


def _say_codings(rows: pd.DataFrame, decided: pd.DataFrame, others: pd.DataFrame) -> list[str]:
    sentences = []
    for entry in decided.itertuples():
        row = find_row(rows, entry.quantity, entry.when, entry.group)
        if row is not None:
            found = say_others(row, find_others(others, entry), row["unit"])
            sentences.append(f"{_capital(entry.words)}: {found}.")
    return sentences


def _capital(words: str) -> str:
    return words[0].upper() + words[1:]


def say_number(value: float, unit: str) -> str:
    """Say a number with its unit; a difference of probabilities is in percentage points, with its sign."""
    if unit == "points":
        return f"{number(100 * value, 0, sign=True)} points"
    if unit in ("share", "probability"):
        return percent(value)
    if unit in ("sd", "logits"):
        return f"{number(value, sign=True)} {unit}"
    return number(value, 0) if unit == "states" else f"{value:.3g}"


def say_interval(row: pd.Series) -> str:
    """Say a posterior: mean, 90 % interval, probability of being positive, share of others with its sign."""
    scale, digits = (100, 0) if row["unit"] == "points" else (1, 2)
    ends = interval(row["lower"], row["upper"], scale=scale, digits=digits)
    held = ""
    if row.get("variants", 0):
        held = f"; same sign in {percent(row['sign_share'])} of {row['variants']} variants and codings"
    sure = f"probability of being positive {probability(row['prob'])}"
    return f"{say_number(row['mean'], row['unit'])} (90 % interval {ends}; {sure}{held})"


def say(rows: pd.DataFrame, quantity: str, when: str, group: str = "all") -> str:
    """Say a share, a probability or a count; another posterior with its interval; or ``not computed``."""
    row = find_row(rows, quantity, when, group)
    if row is None:
        return "not computed"
    if row["unit"] in ("share", "probability", "states"):
        return say_number(row["mean"], row["unit"])
    return say_interval(row)


def say_others(main: pd.Series, others: pd.DataFrame, unit: str) -> str:
    """Say how other codings and variants change a number: the range, and those with another sign.

    Takes the row of the main coding, and the same quantity elsewhere (``mean, other``); returns a clause
    without a full stop.
    """
    if others.empty:
        return "no other coding or variant has been run"
    low, high = (say_number(getattr(others["mean"], end)(), unit) for end in ("min", "max"))
    turned = others[np.sign(others["mean"]) != np.sign(main["mean"])]
    names = ", ".join(turned["other"].iloc[:4]) + (", ..." if len(turned) > 4 else "")
    same = f"the sign is the same in {percent(1 - len(turned) / len(others))}"
    differs = f" and differs in {names}" if len(turned) else ""
    return f"{low} to {high} in {len(others)} other variants and codings; {same}{differs}"


def _say_asymmetry(rows: pd.DataFrame) -> list[str]:
    share = {
        period: say(rows, f"hegemonic_{period}", "mean", "all states")
        for period in ("earlier", "later", "earlier_random", "later_random")
    }
    at_random = find_row(rows, "hegemonic_change_random", CHANGE, "all states")
    by_year = rows[(rows["quantity"] == "hegemonic") & (rows["group"] == "all states")]
    by_year = by_year.set_index(by_year["when"].astype(int))["mean"]
    last = str(by_year.index.max())
    early, late = (percent(by_year.loc[span].mean()) for span in (slice(1816, 1870), slice(1871, 1945)))
    now, chance = (say(rows, q, last, "all states") for q in ("hegemonic", "hegemonic_random"))
    median, largest = (find_row(rows, "added_share", when) for when in ("median", "largest"))
    return [
        f"Share of states whose alliance is hegemonic: {share['earlier']} in 1816-1945, {share['later']} "
        f"since 1946. With partners drawn at random it would be {share['earlier_random']} and "
        f"{share['later_random']}, a change of {say_number(at_random['mean'], 'points')}.",
        f"The earlier years are not alike: {early} in 1816-1870 (German states with Austria and Prussia), "
        f"{late} in 1871-1945. In {last} it was {now}, with partners drawn at random {chance}.",
        f"The median new ally of the US added {number(100 * median['mean'], 1)} % of the capabilities of the "
        f"US and its allies, the largest {percent(largest['mean'])}.",
    ]


def _say_goods(rows: pd.DataFrame) -> list[str]:
    sentences = []
    for tier, name in (("political", "being named"), ("military", "sending soldiers")):
        parts = []
        for group in ("small", "middle", "major"):
            with_pact, without = (
                say(rows, f"at_least_{tier}", "pooled", f"{group}, {level}") for level in ("pact", "none")
            )
            parts.append(f"{group} states {with_pact} with a pact, {without} without")
        sentences.append(f"Probability of {name}, both coalitions: {'; '.join(parts)}.")
    sentences += [
        f"Change of a pact's effect per standard deviation of log capability, logits: on the name "
        f"{say(rows, 'capability_change_political', when)}; on soldiers, given the name, "
        f"{say(rows, 'capability_change_military', when)} ({name})."
        for when, name in (("iraq", "Iraq"), ("isis", "ISIS"))
    ]
    change = say(rows, "guarantee_capability", "pooled")
    sentences.append(f"With one effect on both steps (proportional odds) it is {change}.")
    return sentences


def _say_unpopular(rows: pd.DataFrame) -> list[str]:
    return [
        f"Effect of a pact on joining: in Iraq {say(rows, 'ame_pact_total', 'iraq', OVERLAP)}, against ISIS "
        f"{say(rows, 'ame_pact_total', 'isis', OVERLAP)}.",
        *(
            f"Iraq minus ISIS by {name}: {say(rows, quantity, 'difference', OVERLAP)}"
            f"{_say_open(rows, quantity)}."
            for quantity, name in (
                ("log_odds_pact_total", "log odds"),
                ("ame_pact_total", "average over the states in overlap"),
                ("att_pact_total", "average over the states with a pact"),
                ("risk_ratio_pact_total", "risk ratio"),
            )
        ),
        f"Effect of a pact on alignment: where the US is nearly alone "
        f"{say(rows, 'alignment_pact_alone', 'pooled')}, on all other resolutions "
        f"{say(rows, 'alignment_pact_others', 'pooled')}.",
    ]


def _say_open(rows: pd.DataFrame, quantity: str) -> str:
    """Say whether the sign of a difference is open by one estimand alone; nothing if it was not computed."""
    row = find_row(rows, quantity, "difference", OVERLAP)
    if row is None:
        return ""
    return ": open" if 1 - SURE <= row["prob"] <= SURE else ": not open"


def _say_formality(rows: pd.DataFrame) -> list[str]:
    last = str(rows[rows["quantity"] == "only_protector_defends"]["when"].astype(int).max())
    owed = [
        say(rows, quantity, last, "pacts of the US")
        for quantity in ("only_protector_defends", "partner_joins", "partner_consults")
    ]
    named = []
    for group in sorted(set(rows[rows["quantity"] == "named"]["group"])):
        shares = [
            f"{say(rows, 'named', case, group)} of {say(rows, 'states', case, group)} ({name})"
            for case, name in (("iraq", "Iraq"), ("isis", "ISIS"))
            if find_row(rows, "named", case, group) is not None
        ]
        named.append(f"{group} {' and '.join(shares)}")
    sentences = [
        f"Of the pacts of the US in {last}, {owed[0]} bind only the US to defend; {owed[1]} bind the partner "
        f"to join attacks, {owed[2]} to consult.",
        f"Joined, of the partners with a pact: {'; '.join(named)}.",
        f"Effect on joining: of a pact {say(rows, 'ame_pact', 'pooled', OVERLAP)}, of informal ties on "
        f"average {say(rows, 'informal', 'pooled', OVERLAP)}.",
        f"Effect on alignment, pact minus informal ties: "
        f"{say(rows, 'alignment_pact_less_informal', 'pooled')}.",
    ]
    return sentences


def _say_hierarchy(rows: pd.DataFrame) -> list[str]:
    parts = [
        f"{theatre} {say(rows, 'density', '2018', theatre)} and "
        f"{say(rows, 'density_random', '2018', theatre)}"
        for theatre in ("Europe", "Asia-Pacific", "Americas")
    ]
    clients = [f"{find_row(rows, 'clients', year, 'World')['mean']:.0f}" for year in ("1946", "2018")]
    density, chance = (say(rows, q, "2018", "World") for q in ("density", "density_random"))
    return [
        f"Clients of the US: {clients[0]} in 1946, {clients[1]} in 2018.",
        f"Of the pairs of clients, {density} were allied with each other in 2018, and {chance} would have "
        f"been at random. By part of the world: {', '.join(parts)}.",
        f"Effect on joining of an alliance with a client only: "
        f"{say(rows, 'ame_ally_of_client', 'pooled', OVERLAP)}.",
        f"Effect of a pact in the same model: {say(rows, 'ame_pact', 'pooled', OVERLAP)}.",
        f"Effect of ties among clients, per standard deviation, with the guarantee held constant: "
        f"{say(rows, 'client_ties_slope', 'pooled')}.",
    ]


RESULTS = {
    "asymmetry": _say_asymmetry,
    "goods": _say_goods,
    "unpopular": _say_unpopular,
    "formality": _say_formality,
    "hierarchy": _say_hierarchy,
}

# A claim without words would end `sfl claims` only after all of its fits.
if absent := {claim.name for claim in load_claims()} - set(RESULTS):
    raise ValueError(f"claims.toml: {', '.join(sorted(absent))} have no function in RESULTS of {__name__}")
