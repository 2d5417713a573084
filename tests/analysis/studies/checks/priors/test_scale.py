"""What the prior holds possible, and the answer under other priors: by weights as by refits."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from support.made_bench import SPEC, make_draws

from analysis.fitting.gates import ConvergenceError
from analysis.posterior.draws import stack
from analysis.studies.checks.bench import Bench
from analysis.studies.checks.priors.effect_range import describe_range, list_priors
from analysis.studies.checks.priors.figure import plot_priors
from analysis.studies.checks.priors.scale import describe_scales
from analysis.studies.checks.rows import to_table
from models.panel import centre_alignment
from models.simulate.static import simulate_panel


def make_bench(**changes):
    panel, alignment, _ = simulate_panel(n_state=40, seed=5)
    return Bench(panel, centre_alignment(panel, alignment), replace(SPEC, **changes), seed=1)


def test_a_wider_prior_holds_larger_effects_possible():
    limits = {row["item"]: row["value"] for row in describe_range(make_bench())}
    at = [limits[f"scale {scale:g}: 95 %"] for scale in (0.25, 0.5, 1.0, 4.0)]
    assert at == sorted(at)
    assert 0 < at[0] < 0.2 < at[-1] < 1
    assert limits["main: half"] < limits["main: 95 %"]
    # Cases that are one have the same effect, but for what else differs between them.
    apart, one = (limits[f"cases {how}: difference, 95 %"] for how in ("apart", "as one"))
    assert one < 0.6 * apart


def test_other_scales_keep_the_ratio_of_the_main_prior():
    priors = list_priors(make_bench(guarantee_scale=2.0, guarantee_case_scale=1.0))
    assert priors["main"] == (2.0, 1.0)
    assert priors["scale 0.5"] == (0.5, 0.25)
    assert "scale 2" not in priors


@pytest.mark.slow
def test_weights_and_refits_give_the_same_answer(bench, nested, monkeypatch):
    posterior = stack(nested["guarantee"].dataset)
    by_weights = pd.DataFrame(describe_scales(bench, posterior)).set_index(["item", "case"])
    used = by_weights["note"].str.contains("by weights")
    assert used.any()
    assert by_weights["note"].str.contains("by a refit").any()
    monkeypatch.setattr("analysis.studies.checks.priors.scale.GOOD_K", -1.0)
    by_refits = pd.DataFrame(describe_scales(bench, posterior)).set_index(["item", "case"])
    assert by_refits["note"].str.contains("by a refit").all()
    shift = (by_weights["value"] - by_refits["value"].reindex(by_weights.index))[used].abs()
    assert shift.max() < 0.03
    pooled = by_refits["value"].xs("pooled", level="case")
    assert pooled["scale 0.25"] < pooled["scale 1"] < pooled["main"]


def test_a_prior_whose_refit_misses_a_gate_has_no_value(monkeypatch):
    def fail(*given, **settings):
        raise ConvergenceError("other priors did not converge", {})

    bench = make_bench()
    bench.__dict__["model"] = None
    posterior = make_draws(bench.panel, n=400)
    posterior["guarantee_effect_mean"] = posterior["guarantee_effect"].mean("case")
    posterior["guarantee_effect_case_sd"] = abs(posterior["guarantee_effect"]).mean("case")
    monkeypatch.setattr("analysis.studies.checks.priors.scale.GOOD_K", -np.inf)
    monkeypatch.setattr("analysis.fitting.refits.refit_to_gates", fail)
    rows = pd.DataFrame(describe_scales(bench, posterior))
    assert rows["value"].isna().all()
    assert rows["note"].str.contains("did not converge").all()


def test_the_figure_shows_prior_and_posterior():
    bench = make_bench()
    rows = describe_range(bench)
    for name, (scale, _) in list_priors(bench).items():
        rows += [
            {
                "check": "prior_scale",
                "item": name,
                "case": case,
                "value": 0.3,
                "lower": 0.1,
                "upper": 0.5,
                "reference": scale,
            }
            for case in bench.cases
        ]
    labels = {case: case for case in bench.cases[:-1]}
    figure = plot_priors(to_table(rows), labels)
    assert len(figure.axes) == len(labels) + 2
    names = [text.get_text() for text in figure.axes[0].get_yticklabels()]
    assert np.isin(["scale 3 (main)", "cases apart"], names).all()
