"""Count what the tables hold and compare it with cited totals; tables/COUNTS.md has the output."""

import pandas as pd

from data.panel.load import load_panel
from data.spec import COVARIATES, GUARANTEE_CODINGS, IRAQ, ISIS, OUTCOMES, DataSpec
from data.tables.read import (
    TABLES_DIR,
    in_force,
    is_member,
    load_coalition,
    load_covariates,
    load_guarantees,
    load_states,
    read_parquet,
    table_text,
)
from data.votes.record import SHARED_DIR, find_rollcalls
from data.votes.windows import load_votes


def summarize_rows() -> pd.DataFrame:
    """Count the rows of the shipped tables: ``table, rows, states``."""
    rows = []
    for file in sorted(TABLES_DIR.glob("*.csv")):
        table = pd.read_csv(file, keep_default_na=False)
        rows.append((file.name, len(table), table["iso3"].nunique()))
    return pd.DataFrame(rows, columns=["table", "rows", "states"])


def summarize_members() -> pd.DataFrame:
    """Count the UN members on days for which their number is well known: ``day, members``."""
    states = load_states()
    days = ("1945-12-31", "1990-12-31", "1991-12-31", "1994-12-31", "1999-12-31", "2000-12-31", "2002-12-31",
            "2006-12-31", "2011-12-31", "2018-12-31")  # fmt: skip
    return pd.DataFrame({"day": days, "members": [int(is_member(states, day).sum()) for day in days]})


def summarize_atop(years: tuple[int, ...] = (1990, 2002, 2013, 2018)) -> pd.DataFrame:
    """Count formal guarantees at the end of a year here and in ATOP 5.1: ``year, here, atop, both``.

    Rows are states here and COW codes in ATOP, which has two for Germany in 1990.

    Raises
    ------
    DataError
        state_year.parquet is not in ``../shared/data``.
    """
    guarantees = load_guarantees(load_states()).query("formal == 1")
    state_year = read_parquet(SHARED_DIR / "state_year.parquet").query("us_defense_pact_atop == 1")
    rows = []
    for year in years:
        here = set(in_force(guarantees, f"{year}-12-31")["iso3"])
        atop = state_year.loc[state_year["year"] == year, "iso3"]
        rows.append((year, len(here), len(atop), len(here & set(atop))))
    return pd.DataFrame(rows, columns=["year", "here", "atop", "both"])


def summarize_totals() -> pd.DataFrame:
    """Count coalitions and guarantees from the shipped tables: ``definition, here, cited``.

    data/tables/COUNTS.md has the sources of the cited figures.
    """
    states = load_states()
    iraq, isis = load_coalition(IRAQ, states), load_coalition(ISIS, states)
    guarantees = load_guarantees(states)
    no_us = iraq[iraq["iso3"] != "USA"]
    listed, sent = no_us["white_house_list"] == 1, no_us["troops"] == 1
    struck = isis[["airstrikes_iraq", "airstrikes_syria"]]
    strikes = [*struck.sum(), struck.max(axis=1).sum()]
    rows = [
        ("Iraq: White House list of 27 Mar 2003, with the US", iraq["white_house_list"].sum(), "49"),
        ("Iraq: State Department, 18 Mar 2003", iraq["state_dept_18mar"].sum(), "30"),
        ("Iraq: invasion force, with the US", iraq["invasion_force"].sum(), "4; 5 with Denmark"),
        ("Iraq: troops, without the US", sent.sum(), "37-40"),
        ("Iraq: list and troops / list only / troops only", _three(listed, sent), "-"),
        ("ISIS: partners in autumn 2014, UN members", isis["partner_2014"].sum(), "62 less 4 others"),
        ("ISIS: partners at the end of 2017, UN members", isis["partner_2017"].sum(), "74 less 6 others"),
        ("ISIS: strikes in Iraq / Syria / either, with the US", " / ".join(map(str, strikes)), "12-14"),
        ("ISIS: forces of any kind, with the US", isis["military"].sum(), "26"),
        ("ISIS: trainers or advisers, with the US", isis["train_advise"].sum(), "about 20"),
        ("ISIS: arms and ammunition, with the US", isis["military_aid"].sum(), "-"),
        ("ISIS: humanitarian or political only", isis["humanitarian_or_political_only"].sum(), "-"),
    ]
    days = [case.guarantee_date.isoformat() for case in (IRAQ, ISIS)]
    held = [in_force(guarantees, day) for day in days]
    formal = [table[table["formal"] == 1] for table in held]
    for kind in ("nato", "bilateral_defense_pact", "compact", "rio"):
        rows.append((f"Guarantee: {kind}, 20 Mar 2003 / 10 Sep 2014", _both(formal, kind), "-"))
    mnna = [table[(table["formal"] == 1) | (table["kind"] == "mnna")] for table in held]
    rows += [
        ("Guarantee: formal, any", _both(formal), "over 50"),
        ("Guarantee: formal or MNNA", _both(mnna), "-"),
        ("Guarantee: formal, MNNA or access", _both(held), "-"),
    ]
    return pd.DataFrame(rows, columns=["definition", "here", "cited"]).astype(str)


def summarize_outcomes() -> pd.DataFrame:
    """Count who joined under each named coding, in the panel: ``case, joined, expression, states``.

    The leader, the target and states that were no UN members at the case's cut-off are left out.
    """
    rows = []
    for case, codings in OUTCOMES.items():
        for name, expression in codings.items():
            panel = load_panel(DataSpec().replace_case(case, joined=name))
            rows.append(
                (case, name, expression.replace("|", "or"), int(panel["joined"].sel(case=case).sum()))
            )
    return pd.DataFrame(rows, columns=["case", "joined", "expression", "states"])


def summarize_guarantee_codings() -> pd.DataFrame:
    """Count the states at each level of every named coding: ``guarantee_levels, iraq, isis``."""
    rows = []
    for name in GUARANTEE_CODINGS:
        panel = load_panel(DataSpec(guarantee_levels=name))
        levels = panel["guarantee"].attrs["levels"][1:]
        held = [panel["guarantee"].sel(case=case).values for case in ("iraq", "isis")]
        rows.append(
            (name, *(", ".join(f"{level} {(has == level).sum()}" for level in levels) for has in held))
        )
    return pd.DataFrame(rows, columns=["guarantee_levels", "iraq", "isis"])


def _three(listed: pd.Series, sent: pd.Series) -> str:
    return f"{(listed & sent).sum()} / {(listed & ~sent).sum()} / {(~listed & sent).sum()}"


def _both(tables: list[pd.DataFrame], kind: str | None = None) -> str:
    """Count the states with a commitment (of a kind) in each table."""
    return " / ".join(
        str(table.loc[table["kind"].eq(kind) | (kind is None), "iso3"].nunique()) for table in tables
    )


def summarize_votes(granularity: str) -> pd.DataFrame:
    """Count the votes of both windows under the main coding, by ``agenda`` or ``rollcall``.

    Returns ``granularity, case, sessions, items, states, votes, fewest, median, left_out``: all votes cast,
    the fewest and the median of a state, and the number of states without a vote. DataError if roll calls are
    needed and not found.
    """
    spec = DataSpec(granularity=granularity)
    rows = []
    for case in spec.cases:
        votes = load_votes(spec, case)
        cast = votes["counts"].sum(("item", "response"))
        sessions = f"{spec.sessions(case)[0]}-{spec.sessions(case)[-1]}"
        size = (votes.sizes["item"], votes.sizes["state"])
        figures = (int(cast.sum()), int(cast.min()), int(cast.median()))
        rows.append((granularity, case.name, sessions, *size, *figures, votes.attrs["left_out"].count(":")))
    columns = ["granularity", "case", "sessions", "items", "states", "votes", "fewest", "median", "left_out"]
    return pd.DataFrame(rows, columns=columns)


def summarize_covariates() -> pd.DataFrame:
    """Count what covariates.csv holds, without the United States.

    Returns ``column, unit, missing_2002, missing_2013, lowest, highest``: the number of states without a
    value in each year, and the range over both.
    """
    table = load_covariates(load_states()).query("iso3 != 'USA'")
    rows = []
    for column, covariate in COVARIATES.items():
        missing = [int(table.loc[table["year"] == year, column].isna().sum()) for year in (2002, 2013)]
        rows.append(
            (column, covariate.unit, *missing, f"{table[column].min():.6g}", f"{table[column].max():.6g}")
        )
    return pd.DataFrame(rows, columns=["column", "unit", "missing_2002", "missing_2013", "lowest", "highest"])


def describe_tables() -> str:
    """Write all counts as Markdown tables; tables of roll calls and of ATOP only if those are found."""
    codings = [summarize_guarantee_codings(), summarize_outcomes()]
    tables = [summarize_rows(), summarize_members(), *codings, summarize_totals()]
    if (SHARED_DIR / "state_year.parquet").is_file():
        tables.append(summarize_atop())
    tables += [summarize_covariates(), summarize_votes("agenda")]
    if find_rollcalls() is not None:
        tables.append(summarize_votes("rollcall"))
    return "\n\n".join(map(table_text, tables))
