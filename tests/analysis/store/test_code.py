from functools import partial

import pytest
from support.of_store import forget_sources

from analysis.fitting.fit import fit_ideal_points, fit_total
from analysis.fitting.refits import fit_direct
from analysis.store import code
from analysis.store.code import hash_code
from analysis.studies.checks.bench import make_nested
from analysis.studies.checks.hazard import make_waves
from analysis.studies.checks.hidden.surface import make_surface
from analysis.studies.checks.influence import make_influence
from analysis.studies.checks.predictive import make_prior_predictive
from analysis.studies.checks.tiers import make_tier_fit
from analysis.studies.dynamic.plan import make_pair

FILES = {
    "models/left.py": "from models.shared import scale\n\ndef build_left(x):\n    return scale(x)\n",
    "models/right.py": "def build_right(x):\n    return x - 1\n",
    "models/shared.py": (
        '"""Text."""\nFACTOR = 2\nOTHER = 3\n\ndef scale(x):\n    """Text."""\n    return FACTOR * x\n\n'
        "@register\ndef registered(x):\n    return x\n\ndef unused(x):\n    return OTHER\n"
    ),
    "analysis/fitting.py": (
        "import library\nfrom models.left import build_left\nfrom models.right import build_right\n\n"
        "library.setting = 1\n\ndef sample(x):\n    return x\n\n"
        "def fit_left(x):\n    return sample(build_left(x))\n\n"
        "def fit_right(x):\n    return sample(build_right(x))\n"
    ),
}


@pytest.fixture
def project(tmp_path, monkeypatch):
    """Write files of a small project, with changes, and return the hashes of its two fits."""
    monkeypatch.setattr(code, "ROOT", tmp_path)

    def write(**changes):
        for path, text in FILES.items():
            for old, new in changes.get(path.split("/")[1].removesuffix(".py"), ()):
                assert old in text
                text = text.replace(old, new)
            (tmp_path / path).parent.mkdir(exist_ok=True)
            (tmp_path / path).write_text(text)
        forget_sources()
        return [dict(code._hash_code("analysis.fitting", name)) for name in ("fit_left", "fit_right")]

    yield write
    forget_sources()


def test_only_what_is_reached_counts(project):
    left, right = project()
    assert list(left) == ["analysis.fitting", "models.left", "models.shared"]
    assert list(right) == ["analysis.fitting", "models.right"]


def test_an_import_within_a_function_counts(project):
    top, inner = "from models.right import build_right\n", "    from models.right import build_right\n\n"
    later = [(top, ""), ("def fit_right(x):\n", f"def fit_right(x):\n{inner}")]
    right = project(fitting=later)[1]
    changed = project(fitting=later, right=[("x - 1", "x - 2")])[1]
    assert list(right) == ["analysis.fitting", "models.right"]
    assert right["models.right"] != changed["models.right"]


@pytest.mark.parametrize(
    ("changes", "renewed"),
    [
        ({"right": [("x - 1", "x - 2")]}, [False, True]),
        ({"shared": [("FACTOR = 2", "FACTOR = 4")]}, [True, False]),
        ({"shared": [("registered(x):\n    return x", "registered(x):\n    return 2 * x")]}, [True, False]),
        ({"fitting": [("library.setting = 1", "library.setting = 2")]}, [True, True]),
        ({"fitting": [("def sample(x):\n    return x", "def sample(x):\n    return x + 1")]}, [True, True]),
        ({"fitting": [("return sample(build_left(x))", "return sample(build_left(x + 1))")]}, [True, False]),
        (
            {"shared": [("OTHER = 3", "OTHER = 5"), ("Text.", "Word."), ("FACTOR = 2", "FACTOR = 2  # why")]},
            [False] * 2,
        ),
    ],
    ids=["other model", "constant", "registered", "setting", "sampler", "own", "unreached and comments"],
)
def test_an_edit_renews_what_depends_on_it(project, changes, renewed):
    before, after = project(), project(**changes)
    assert [a != b for a, b in zip(after, before, strict=True)] == renewed


def test_the_models_of_the_two_stages_do_not_depend_on_each_other():
    stage1, total, direct = (set(hash_code(fit)) for fit in (fit_ideal_points, fit_total, fit_direct))
    assert "models.ideal_point" in stage1
    assert "models.ideal_point" not in total | direct
    assert "models.coalition" in total & direct
    assert "models.coalition" not in stage1
    assert {
        "models.likelihood.votes_numba",
        "analysis.fitting.convergence",
        "analysis.fitting.compile",
    } <= stage1
    assert "models.coordinates.precondition" in direct
    assert not any("spec" in module for module in stage1 | total | direct)


def test_a_function_from_elsewhere_is_refused():
    with pytest.raises(ValueError, match="not in the project"):
        hash_code(pytest.fixture)


@pytest.mark.parametrize(
    "make", [lambda: None, partial(fit_total), "text".upper], ids=["lambda", "partial", "method"]
)
def test_a_callable_whose_code_would_be_missed_is_refused(make):
    def nested():
        return None

    for refused in (make, nested):
        with pytest.raises(ValueError, match="must be a function at the top of a module"):
            hash_code(refused)


@pytest.mark.parametrize(
    ("make", "module"),
    [
        (make_nested, "analysis.fitting.refits"),
        (make_surface, "models.confounding"),
        (make_tier_fit, "models.tier"),
        (make_waves, "models.likelihood.joining"),
        (make_prior_predictive, "models.coalition"),
        (make_influence, "models.likelihood.quadrature"),
        (make_pair, "models.dynamic_ideal_point"),
    ],
)
def test_a_check_reaches_what_it_imports_only_when_it_fits(make, module):
    assert module in hash_code(make)
