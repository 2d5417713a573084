"""Build the computed tables: agenda_tallies.csv, covariates.csv and those of ``alliances/``.

The other tables are made by hand. The same input gives the same bytes: rows are sorted, and numbers have six
significant digits.
"""

from pathlib import Path

import pandas as pd

from data.alliances.build import build_alliances
from data.alliances.dyads import CAPABILITIES_FILES, DYADS_FILES
from data.panel.covariates import derive_covariates
from data.spec import DataSpec
from data.tables.read import TABLES_DIR, load_states, read_parquet, validate_covariates, write_table
from data.tables.rules import DataError, validate_tallies
from data.votes.prepare import tally_agenda
from data.votes.record import SHARED_DIR
from data.votes.releases.read import read_release
from data.votes.select import select_rollcalls

DATA_DIR = TABLES_DIR.parent

SOURCES = (
    *("rollcalls.parquet", "votes.parquet", "state_year.parquet"),
    *(*DYADS_FILES, *CAPABILITIES_FILES),
)
"""Files from which the computed tables are built."""


def build_agenda_tallies(shared_dir: Path) -> pd.DataFrame:
    """Count the answers of both windows under the main coding, from the parquet pair in a folder."""
    record, spec = read_release(shared_dir), DataSpec()
    parts = [
        tally_agenda(select_rollcalls(record.rollcalls, spec, case), record.votes) for case in spec.cases
    ]
    tallies = pd.concat(parts).sort_values(["iso3", "session", "issue", "us_vote"], ignore_index=True)
    validate_tallies(tallies, "agenda_tallies.csv")
    return tallies


def build_covariates(shared_dir: Path) -> pd.DataFrame:
    """Take the covariates of both cases' years from state_year.parquet, in the units of the codebook."""
    states = load_states()
    years = tuple(case.covariate_year for case in DataSpec().cases)
    table = derive_covariates(read_parquet(shared_dir / "state_year.parquet"), states, years)
    validate_covariates(table, states, "covariates.csv")
    return table


def build_shipped(target_dir: Path = DATA_DIR, shared_dir: Path | None = None) -> list[Path]:
    """Write agenda_tallies.csv, covariates.csv and the tables of ``alliances/``.

    Parameters
    ----------
    target_dir : Path
        Folder that gets ``tables/`` and ``alliances/``.
    shared_dir : Path, optional
        Folder with ``SOURCES``; None: ``../shared/data`` beside the checkout.

    Returns
    -------
    list of Path
        The files written; each appears whole or not at all.

    Raises
    ------
    DataError
        A source table is missing or breaks a rule.
    """
    shared_dir = Path(shared_dir or SHARED_DIR)
    for name in SOURCES:
        if not (shared_dir / name).is_file():
            raise DataError(f"{shared_dir / name}: no such file; the shipped tables are built from it")
    tables = {
        "agenda_tallies.csv": build_agenda_tallies(shared_dir),
        "covariates.csv": build_covariates(shared_dir),
    }
    folders = [Path(target_dir) / name for name in ("tables", "alliances")]
    for folder in folders:
        folder.mkdir(exist_ok=True)
    written = [write_table(table, folders[0] / name) for name, table in tables.items()]
    return written + build_alliances(folders[1], shared_dir)
