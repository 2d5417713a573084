"""Waves of joining the coalition against ISIS: three, the finest division that the sources allow."""

import numpy as np
import pandas as pd
import xarray as xr

from data.tables.rules import DataError

WAVES = (("2014", "2014-12"), ("2015-16", "2016-12"), ("2017", "2017-12"))
"""Waves of joining, each with its last month.

The sources allow no finer ones: everyone on the list of autumn 2014 has ``2014-09``, and most later partners
joined in a few rounds.
"""

LAST_POSSIBLE = {"AFG": "2016-04", "TCD": "2017-07", "DJI": "2017-07", "ETH": "2017-07", "NER": "2017-07"}
"""Partners of unknown month, with the last possible one; the first possible one lies in the same wave.

Sources: CRS R44135 of August 2016, and the Global Coalition's lists of March and July 2017.
"""


def prepare_waves(panel: xr.Dataset, coalition: pd.DataFrame, case: str = "isis") -> xr.Dataset:
    """Make a panel in which each wave is a case that includes only states that have not joined before.

    A model of joining fitted to it is a discrete-time hazard: the probability that a state joins in a wave,
    given that it has not joined before. Guarantees and covariates stay those before the first wave.

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
        As the panel, with the waves in the dim ``case``.

    Raises
    ------
    DataError
        A partner has no month, here or in ``LAST_POSSIBLE``. Or a month lies after the last wave or
        contradicts the list of autumn 2014.
    """
    partners = coalition[coalition["partner_2017"] == 1].set_index("iso3")
    months = partners["joined"].astype(object).where(partners["joined"].notna() & (partners["joined"] != ""))
    months = months.fillna(pd.Series(LAST_POSSIBLE, dtype=object).reindex(months.index))
    if months.isna().any():
        raise DataError(
            f"neither a month of joining nor a last possible one: {', '.join(months.index[months.isna()])}"
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
