"""Build state_years.csv: pacts of both powers and covariates of every UN member and year, 1946-2018.

``python -m data.acts.build`` makes it from state_year_1946.parquet, which does not ship.
"""

from pathlib import Path

import pandas as pd

from data.tables.read import load_states, read_parquet
from data.tables.rules import DataError, validate_known_states, validate_unique
from data.votes.record import SHARED_DIR

STATE_YEARS = Path(__file__).with_name("state_years.csv")
SOURCE = SHARED_DIR / "acts" / "state_year_1946.parquet"
COLUMNS = {
    "gdppc_fariss_2011ppp": "gdp_per_capita",
    "pop_million_fariss": "population",
    "uds_ext": "democracy",
    "cinc": "capability",
    "capdist_washington_km": "distance_usa",
    "capdist_moscow_km": "distance_rus",
    "us_aid_oblig_const_usd": "aid",
    "us_troops": "troops",
    "us_defense_pact_atop": "pact_usa",
    "rus_defense_pact_atop": "pact_rus",
    "us_duty_to_defend_atop": "duty_usa",
    "rus_duty_to_defend_atop": "duty_rus",
    "us_defense_pact_ex_rio": "pact_usa_without_rio",
    "soviet_republic": "soviet_republic",
}
"""Columns of the source, and their names here."""

FORMER_CODES = (260, 678)
"""Codes of Germany and Yemen before unification; in 1990 both the old and the new one have a row."""


def build_state_years(source: Path = SOURCE) -> pd.DataFrame:
    """Take what the acts need of every member and year.

    Parameters
    ----------
    source : Path
        state_year_1946.parquet.

    Returns
    -------
    pd.DataFrame
        ``iso3, year`` and the columns of ``COLUMNS``: dollars of 2011 a head, millions of people, Unified
        Democracy Scores, share of the world's capabilities, kilometres, millions of dollars, soldiers, 0/1.

    Raises
    ------
    DataError
        The source is missing or damaged, a state is unknown, or a state has two rows in a year.
    """
    if not source.is_file():
        raise DataError(f"{source}: no such file; state_years.csv is built from it")
    table = read_parquet(source)
    former = table["ccode"].isin(FORMER_CODES) & table.duplicated(["iso3", "year"], keep=False)
    table = table[~former][["iso3", "year", *COLUMNS]].rename(columns=COLUMNS)
    table["aid"] /= 1e6
    table = table.sort_values(["iso3", "year"], ignore_index=True)
    validate_unique(table, ("iso3", "year"), STATE_YEARS.name)
    validate_known_states(table, load_states(), STATE_YEARS.name)
    return table


if __name__ == "__main__":
    build_state_years().to_csv(STATE_YEARS, index=False, lineterminator="\n", float_format="%.4g")
