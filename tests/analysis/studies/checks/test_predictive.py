"""Simulated joiners match the observed ones for the right model only."""

import numpy as np
from support.made_bench import make_data, make_draws

from analysis.posterior.answers import replicate_answers
from analysis.studies.checks.predictive import count_joiners
from analysis.studies.checks.rows import to_table


def test_counts_of_joiners_lie_inside_for_the_model_and_outside_for_another():
    panel, _, data = make_data(n_state=120)
    posterior = make_draws(panel, n=400, seed=4).isel(sample=[0] * 400)
    answers = replicate_answers(posterior, data, np.random.default_rng(5))[7]
    data = data._replace(joined_observed=answers)
    right = to_table(count_joiners(posterior, data, panel, seed=6))
    assert (right["verdict"] == "inside").mean() > 0.75
    wrong = to_table(
        count_joiners(posterior.assign(intercept=posterior["intercept"] + 1.5), data, panel, seed=6)
    )
    assert (wrong["verdict"] == "inside").mean() < 0.6
