"""When states joined the coalition against ISIS: as finely as the sources tell, in three waves."""

import numpy as np
import pandas as pd
import xarray as xr

from data.tables.rules import DataError

WAVES = (("2014", "2014-12"), ("2015-16", "2016-12"), ("2017", "2017-12"))
"""Waves of joining, each with its last month. Finer ones are not in the sources: ``2014-09`` is written for
everyone on the list of autumn 2014, whatever its day, and most later partners joined in a few rounds."""

LAST_POSSIBLE = {"AFG": "2016-04", "TCD": "2017-07", "DJI": "2017-07", "ETH": "2017-07", "NER": "2017-07"}
"""Partners whose month is unknown, with the last that the notes allow: CRS R44135 of August 2016 and the
Global Coalition's lists of March and July 2017. The first months allowed lie in the same waves, but for
Afghanistan's (December 2015), which lies in the same one too."""


def count_dates(coalition: pd.DataFrame) -> pd.DataFrame:
    """How many partners have which month of joining.

    Parameters
    ----------
    coalition : pd.DataFrame
        The coalition table, with ``partner_2017`` and ``joined`` (YYYY-MM, empty where unknown).

    Returns
    -------
    pd.DataFrame
        ``month`` (``unknown`` for the empty ones), ``partners``; in order of months.
    """
    months = coalition.loc[coalition["partner_2017"] == 1, "joined"].astype(object).fillna("unknown")
    counts = months.replace("", "unknown").value_counts().sort_index()
    return counts.rename_axis("month").rename("partners").reset_index()


def prepare_waves(panel: xr.Dataset, coalition: pd.DataFrame, case: str = "isis") -> xr.Dataset:
    """A panel in which each wave is a case, and only those that have not joined yet are in it.

    A model of joining fitted to it is a discrete-time hazard: the probability of joining in a wave, given
    that a state has not joined before. Guarantees and covariates stay those of the eve.

    Parameters
    ----------
    panel : xr.Dataset
        From ``data.load.load_panel``.
    coalition : pd.DataFrame
        The case's coalition table: ``iso3, partner_2014, partner_2017, joined``.
    case : str
        Name of the case.

    Returns
    -------
    xr.Dataset
        As the panel, the dim ``case`` being the waves.

    Raises
    ------
    DataError
        A partner without a month and none in ``LAST_POSSIBLE``; a month after the last wave, or one that
        contradicts the list of autumn 2014.
    """
    partners = coalition[coalition["partner_2017"] == 1].set_index("iso3")
    months = partners["joined"].astype(object).where(partners["joined"].notna() & (partners["joined"] != ""))
    months = months.fillna(pd.Series(LAST_POSSIBLE, dtype=object).reindex(months.index))
    if months.isna().any():
        raise DataError(
            f"no month of joining, nor a last possible one: {', '.join(months.index[months.isna()])}"
        )
    ends = np.array([end for _, end in WAVES])
    wave = pd.Series(np.searchsorted(ends, months.to_numpy(str)), months.index)
    wrong = (wave == len(WAVES)) | ((wave == 0) != (partners["partner_2014"] == 1))
    if wrong.any():
        raise DataError(
            f"months of joining after {ends[-1]} or against partner_2014: {', '.join(wave.index[wrong])}"
        )
    of_state = wave.reindex(panel["state"].values).fillna(len(WAVES)).to_numpy()
    one = panel.sel(case=case, drop=True).drop_vars("label", errors="ignore")
    waves = [name for name, _ in WAVES]
    parts = []
    for k in range(len(WAVES)):
        at_risk = one["included"] & (of_state >= k)
        joined = xr.where(at_risk, (of_state == k).astype(float), np.nan)
        parts.append(one.assign(included=at_risk, joined=joined))
    whole = xr.concat(parts, pd.Index(waves, name="case"))
    whole["guarantee"].attrs["levels"] = panel["guarantee"].attrs["levels"]
    return whole.transpose("case", "state", ...)
