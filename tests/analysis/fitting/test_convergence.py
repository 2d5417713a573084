import numpy as np
import pytest
import xarray as xr

from analysis.fitting import convergence
from analysis.fitting.convergence import measure_convergence, measure_refits
from analysis.fitting.gates import GATES, ConvergenceError, check_convergence

RNG = np.random.default_rng(2)


def make_fit(shift=0.0, diverging=0, chains=4, draws=500):
    x = RNG.normal(size=(chains, draws, 3))
    x[0, :, 1] += shift
    posterior = xr.Dataset({"x": (("chain", "draw", "state"), x)}, {"state": ["A", "B", "C"]})
    marks = np.zeros((chains, draws), dtype=bool)
    marks.ravel()[:diverging] = True
    stats = {
        "diverging": (("chain", "draw"), marks),
        "energy": (("chain", "draw"), RNG.normal(size=(chains, draws))),
    }
    return posterior, xr.Dataset(stats)


def test_a_good_fit_passes():
    figures = measure_convergence(*make_fit())
    check_convergence(figures, name="toy")
    assert figures["max_rhat"] < GATES.max_rhat
    assert figures["min_ess_bulk"] > 1000


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ({"shift": 1.0}, r"R-hat \S+ of x\[B\]"),
        ({"diverging": 3}, "3 divergences"),
        ({"draws": 60}, r"bulk ESS \d+ of x"),
    ],
)
def test_a_bad_fit_is_refused_by_name(fault, words):
    figures = measure_convergence(*make_fit(**fault))
    with pytest.raises(ConvergenceError, match=words) as error:
        check_convergence(figures, name="toy")
    assert error.value.figures == figures


def test_pieces_find_the_same_worst_number(monkeypatch):
    posterior, stats = make_fit(shift=1.0)
    whole = measure_convergence(posterior, stats)
    # With one number in each piece, the names must stay the same, also where the model gives no labels.
    monkeypatch.setattr(convergence, "PIECE", 1)
    assert measure_convergence(posterior, stats) == whole
    assert measure_convergence(posterior, stats, cores=1) == whole
    assert whole["max_rhat_at"] == "x[B]"
    assert measure_convergence(posterior.drop_vars("state"), stats)["max_rhat_at"] == "x[1]"


def test_slow_energy_is_refused():
    posterior, stats = make_fit()
    stats["energy"] = stats["energy"].cumsum("draw")
    with pytest.raises(ConvergenceError, match="BFMI"):
        check_convergence(measure_convergence(posterior, stats), name="toy")


def test_a_number_that_never_moves_is_refused():
    posterior, stats = make_fit()
    posterior["x"][..., 2] = 1.0
    with pytest.raises(ConvergenceError, match=r"x\[C\]"):
        check_convergence(measure_convergence(posterior, stats), name="toy")


def make_refits(between_refits, between_chains, n=60):
    draws = RNG.normal(size=(n, 2, 200, 1))
    draws += between_refits * RNG.normal(size=(n, 1, 1, 1)) + between_chains * RNG.normal(size=(n, 2, 1, 1))
    posterior = xr.Dataset({"x": (("refit", "chain", "draw", "level"), draws)}, {"level": ["pact"]})
    shape = (n, 2, 200)
    stats = {
        "diverging": (("refit", "chain", "draw"), np.zeros(shape, dtype=bool)),
        "energy": (("refit", "chain", "draw"), RNG.normal(size=shape)),
    }
    return posterior, xr.Dataset(stats)


def test_refits_to_different_data_may_disagree():
    posterior, stats = make_refits(between_refits=5.0, between_chains=0.0)
    check_convergence(measure_refits(posterior, stats), name="refits")
    # Treated as chains of one fit, the same draws would raise a false alarm.
    naive = posterior.stack(all=("refit", "chain")).drop_vars(["all", "refit", "chain"]).rename(all="chain")
    naive_stats = stats.stack(all=("refit", "chain")).drop_vars(["all", "refit", "chain"]).rename(all="chain")
    with pytest.raises(ConvergenceError, match="R-hat"):
        check_convergence(measure_convergence(naive, naive_stats), name="naive")


def test_chains_within_refits_may_not():
    posterior, stats = make_refits(between_refits=5.0, between_chains=0.25)
    with pytest.raises(ConvergenceError, match=r"R-hat .* of x\[pact\]"):
        check_convergence(measure_refits(posterior, stats), name="refits")


def test_the_statistic_of_refits_is_not_biased_downwards():
    """Two chains are closer to their own mean than to the true one. R-hat must allow for that."""
    posterior, stats = make_refits(between_refits=0.0, between_chains=0.3, n=400)
    expected = np.sqrt(1 + 0.3**2)
    assert measure_refits(posterior, stats)["max_rhat"] == pytest.approx(expected, abs=0.01)
