from dataclasses import replace

import numpy as np
import pytest

from analysis import compiled
from analysis.compiled import compile_model
from analysis.fit import SAVED_STATE, SAVED_TOTAL, SamplerSpec, _sample
from models.coalition import build_coalition_model
from models.simulate import simulate_panel
from models.spec import CoalitionSpec

SAVED = SAVED_TOTAL + SAVED_STATE
MAIN = CoalitionSpec()


def sample(panel, spec):
    model = compile_model(build_coalition_model(panel, spec), SAVED)
    return _sample(model, SamplerSpec(draws=50, tune=50, chains=2), SAVED, cores=1, seed=1)[
        "posterior"
    ].dataset


@pytest.mark.slow
def test_code_kept_from_another_prior_and_panel_gives_the_draws_of_code_compiled_afresh(monkeypatch):
    monkeypatch.setattr(compiled, "_kept", [])
    first, second = (simulate_panel(n_state=60, seed=seed)[0] for seed in (1, 2))
    second = second.assign_coords(state=[f"{s}2" for s in second["state"].values])
    spec = replace(MAIN, guarantee_scale=0.3, region_scale=2.0)
    before = sample(first, MAIN)
    reused = sample(second, spec)
    assert len(compiled._kept) == 1
    assert list(reused["state"].values) == list(second["state"].values)
    compiled._kept.clear()
    afresh = sample(second, spec)
    assert reused.equals(afresh)
    # The numbers took effect, or the comparison would say nothing.
    assert not np.allclose(before["guarantee_effect"], reused["guarantee_effect"])
    # Another structure, or other variables to save, is not served from what is there.
    compile_model(build_coalition_model(first, replace(MAIN, state_effect=False)), SAVED_TOTAL)
    assert len(compiled._kept) == 2
