"""Changes of a variant, and a choice: one row of the table of variants.

As text, a change reads ``coalition.guarantee_scale=0.5`` or ``data.iraq.joined=troops``.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, is_dataclass, replace
from difflib import get_close_matches

from analysis.variants.variant import Variant
from data.case import check_choice
from data.spec import DataSpec

Change = object | Callable[[object], object]
"""A new value, or a function of the old one."""

LABELS = ("name", "axis", "choice", "reason", "source")
"""Fields that name and explain a variant. They change no result."""


@dataclass(frozen=True)
class Choice:
    """One difference from the main analysis: a row of the table of variants.

    Attributes
    ----------
    axis, choice : str
        The kind of choice, and the choice. Together they are the variant's name.
    changes : mapping of str to Change
        New values, or functions of the old ones, by path; see ``apply_changes``.
    reason, source : str
        Why somebody would choose so, and who raised it.
    """

    axis: str
    choice: str
    changes: Mapping[str, Change]
    reason: str
    source: str

    @property
    def name(self) -> str:
        """Name of the variant."""
        return f"{self.axis}-{self.choice}"


def add(*items: object) -> Callable[[tuple], tuple]:
    """Append to a tuple the items that it does not have yet."""
    return lambda old: (*old, *(item for item in items if item not in old))


def swap(old: str, new: str | tuple, *more: str | tuple) -> Callable[[tuple], tuple]:
    """Replace a covariate by another. Any ``more`` follow the new one."""

    def change(covariates: tuple) -> tuple:
        names = [name for name, _ in covariates]
        check_choice("covariates", "swap", old, names)
        place = names.index(old)
        return (*covariates[:place], new, *more, *covariates[place + 1 :])

    return change


def without(*names: str) -> Callable[[tuple], tuple]:
    """Remove covariates."""

    def change(covariates: tuple) -> tuple:
        for name in names:
            check_choice("covariates", "without", name, [n for n, _ in covariates])
        return tuple(pair for pair in covariates if pair[0] not in names)

    return change


def apply_changes(variant: Variant, changes: Mapping[str, Change]) -> Variant:
    """Return the variant with some fields changed.

    Parameters
    ----------
    variant : Variant
    changes : mapping of str to Change
        By path. A path names a field of the variant (``propagation``), of a spec
        (``coalition.guarantee_scale``), of a case (``data.iraq.joined``) or of a sampler
        (``run.total.draws``).

    Raises
    ------
    ValueError
        If no field has that path (the message names the nearest), or if the value is not allowed.
    """
    for path, change in changes.items():
        check_path(variant, path)
        variant = _apply(variant, path, path.split("."), change)
    return variant


def check_path(variant: Variant, path: str) -> None:
    """Raise ValueError if a path is the name of a field within a spec; the message gives its whole path."""
    if "." in path or path in {field.name for field in fields(variant)}:
        return
    found = list_paths(variant)
    near = [p for p in found if p.rpartition(".")[2] == path]
    if not near:
        names = sorted({p.rpartition(".")[2] for p in found})
        near = [
            p for name in get_close_matches(path, names, n=1) for p in found if p.rpartition(".")[2] == name
        ]
    if near:
        raise ValueError(f"{path}: no field of that name; {' or '.join(near)}?")


def list_paths(spec: object, prefix: str = "") -> list[str]:
    """List the paths of all fields of a variant, and of the specs in it."""
    paths = []
    for field in fields(spec):
        value, path = getattr(spec, field.name), f"{prefix}{field.name}"
        paths += list_paths(value, f"{path}.") if is_dataclass(value) else [path]
        if isinstance(spec, DataSpec) and field.name == "cases":
            paths += [p for case in value for p in list_paths(case, f"{prefix}{case.name}.")]
    return paths


def _apply(spec: object, path: str, steps: list[str], change: Change) -> object:
    first, *rest = steps
    names = [f.name for f in fields(spec) if not (isinstance(spec, Variant) and f.name in LABELS)]
    cases = [case.name for case in spec.cases] if isinstance(spec, DataSpec) else []
    if rest and first in cases:
        changed = tuple(
            _apply(case, path, rest, change) if case.name == first else case for case in spec.cases
        )
        return replace(spec, cases=changed)
    check_choice(type(spec).__name__, f"field of {path!r}", first, names + cases)
    if not rest and first in cases:
        raise ValueError(f"{path}: a case, not a field; name one of its fields, as in {path}.joined")
    old = getattr(spec, first)
    if rest:
        if not is_dataclass(old):
            raise ValueError(f"{path}: {first} is a value and has no fields")
        return replace(spec, **{first: _apply(old, path, rest, change)})
    if is_dataclass(old):
        inside = ", ".join(f"{first}.{f.name}" for f in fields(old))
        raise ValueError(f"{path}: holds several fields; name one of them: {inside}")
    new = change(old) if callable(change) else change
    # JSON writes 1 for 1.0. A field that held a float keeps a float.
    if isinstance(old, float) and isinstance(new, int) and not isinstance(new, bool):
        new = float(new)
    return replace(spec, **{first: new})


def parse_change(text: str) -> tuple[str, object]:
    """Split ``path=value``. The value is JSON (``3``, ``true``, ``["me"]``) or plain text.

    Raises
    ------
    ValueError
        If there is no ``=``.
    """
    path, equals, value = text.partition("=")
    if not (equals and path.strip()):
        raise ValueError(f"{text!r}: must be path=value, as in coalition.guarantee_scale=0.5")
    try:
        return path.strip(), json.loads(value)
    except json.JSONDecodeError:
        return path.strip(), value.strip()
