"""Waves of joining: who is at risk in each."""

import numpy as np
import pytest


def test_waves_of_joining():
    from data.load import load_panel
    from data.panel.waves import WAVES, prepare_waves
    from data.spec import DataSpec
    from data.tables.read import load_coalition, load_states
    from data.tables.rules import DataError

    spec = DataSpec()
    panel, coalition = load_panel(spec), load_coalition(spec.case("isis"), load_states())
    dates = coalition.loc[coalition["partner_2017"] == 1, "joined"].fillna("unknown").value_counts()
    # The sources date 55 of 68 partners only as "by autumn", and give no month for five.
    assert (dates.sum(), dates["2014-09"], dates["unknown"]) == (68, 55, 5)
    waves = prepare_waves(panel, coalition)
    assert waves["case"].values.tolist() == [name for name, _ in WAVES]
    ever = waves["joined"].sum("case")
    np.testing.assert_array_equal(ever, panel["joined"].sel(case="isis").fillna(0))
    first, second = (waves.sel(case=name) for name in ("2014", "2015-16"))
    assert not (second["included"] & (first["joined"] == 1)).any()
    assert int(second["included"].sum()) == int(first["included"].sum() - first["joined"].sum())
    broken = coalition.assign(joined=coalition["joined"].where(coalition["iso3"] != "GBR", "2016-01"))
    with pytest.raises(DataError, match="against partner_2014: GBR"):
        prepare_waves(panel, broken)
    with pytest.raises(DataError, match="neither a month of joining nor a last possible one: FRA"):
        prepare_waves(panel, coalition.assign(joined=coalition["joined"].where(coalition["iso3"] != "FRA")))
