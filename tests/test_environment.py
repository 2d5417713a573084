"""pyproject.toml and environment.yml name the same packages."""

import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
CONDA_NAMES = {"matplotlib": "matplotlib-base", "country-converter": "country_converter"}


def read_pyproject(text: str) -> dict[str, str]:
    project = tomllib.loads(text)
    groups = project["dependency-groups"]
    requirements = [*project["project"]["dependencies"], *groups["dev"], *groups["notebooks"]]
    bounds = dict(re.fullmatch(r"([\w.-]+)(.*)", r).groups() for r in requirements)
    conda = {CONDA_NAMES.get(name, name): bound for name, bound in bounds.items()}
    return conda | {"python": project["project"]["requires-python"]}


def read_environment(text: str) -> dict[str, str]:
    return dict(re.findall(r"^ +- ([\w.-]+)([<>=!~].*)$", text, flags=re.MULTILINE))


def test_conda_and_pip_name_the_same_packages_and_bounds():
    pip = read_pyproject((ROOT / "pyproject.toml").read_text())
    assert read_environment((ROOT / "environment.yml").read_text()) == pip
    assert len(pip) > 20


def test_the_lock_has_jupyter_for_the_notebooks():
    packages = tomllib.loads((ROOT / "uv.lock").read_text())["package"]
    [project] = [package for package in packages if package["name"] == "security-for-legitimacy"]
    assert {package["name"] for package in project["dev-dependencies"]["notebooks"]} == {"jupyterlab"}
    assert "jupyterlab" in {package["name"] for package in packages}


@pytest.mark.parametrize(
    ("old", "new"), [("- numba>=0.63", "- numba>=0.64"), ("  - rich>=14\n", ""), ("- scipy>", "- scipi>")]
)
def test_drift_in_a_name_or_bound_is_seen(old, new):
    text = (ROOT / "environment.yml").read_text()
    assert old in text
    assert read_environment(text.replace(old, new)) != read_pyproject((ROOT / "pyproject.toml").read_text())


def test_python_version_is_the_one_supported():
    assert (ROOT / ".python-version").read_text().strip() == "3.12"
