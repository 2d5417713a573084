"""The table of variants, which a reviewer edits: the main analysis, and each difference from it.

Each row is a ``Choice``: its axis, its name, what it changes (paths as in ``sfl fit --set``), why somebody
would choose it, and its source. ``votes.py`` has the rows on votes and states, ``coding.py`` those on coding,
``models.py`` those on models and priors.
"""

import difflib
import hashlib
from collections.abc import Iterable
from dataclasses import replace
from itertools import product

from analysis.variants.change import Choice, apply_changes, parse_change
from analysis.variants.coding import CODINGS
from analysis.variants.models import list_model_choices
from analysis.variants.sampler import SamplerSpec
from analysis.variants.variant import RunSpec, Variant
from analysis.variants.votes import VOTES
from data.case import CaseSpec

MAIN = Variant()

LONGEST_NAME = 120
"""Most bytes in the name of a folder of results. File systems allow 255, and temporary names are longer."""

CHOICES: tuple[Choice, ...] = (*CODINGS, *list_model_choices(MAIN), *VOTES)
"""Every choice besides those of the main analysis."""

AXES: tuple[str, ...] = tuple(dict.fromkeys(choice.axis for choice in CHOICES))

REVIEW = RunSpec(
    ideal_point=SamplerSpec(draws=1300, tune=150),
    total=SamplerSpec(draws=1000, tune=500, chains=2),
    single=SamplerSpec(draws=1000, tune=500, chains=2),
    stage1_draws=250,
    items_kept=False,
    kept_draws=1000,
)
"""Sampling of each variant when there are hundreds. Monte Carlo error is larger than in the main analysis.
The gates are the same."""


def build_variant(*choices: Choice, main: Variant = MAIN) -> Variant:
    """Return the main analysis with some choices changed, each on an axis of its own.

    Raises
    ------
    ValueError
        If the choices exclude each other.
    """
    variant = main
    for choice in choices:
        variant = apply_changes(variant, choice.changes)
    if not choices:
        return variant
    return replace(
        variant,
        name="+".join(choice.name for choice in choices),
        axis="+".join(choice.axis for choice in choices),
        choice="+".join(choice.choice for choice in choices),
        reason=" ".join(choice.reason for choice in choices),
        source="; ".join(dict.fromkeys(choice.source for choice in choices)),
    )


VARIANTS: dict[str, Variant] = {choice.name: build_variant(choice) for choice in CHOICES}
"""Variants that change one choice, by name."""


def find_variants(names: Iterable[str], main: Variant = MAIN) -> list[Variant]:
    """Return variants by name; ``main`` is the main analysis, which may be that of other cases.

    Raises
    ------
    ValueError
        For an unknown name (the message lists the nearest), or for a variant that needs another case.
    """
    known = {"main": MAIN} | VARIANTS
    names = [_nearest(name, known, "variant") for name in names]
    if main is MAIN:
        return [known[name] for name in names]
    choices = {choice.name: choice for choice in CHOICES}
    return [
        main
        if name == "main"
        else replace(build_variant(choices[name], main=main), name=f"{main.name}+{name}")
        for name in names
    ]


def take_cases(cases: tuple[CaseSpec, ...]) -> Variant:
    """Return the main analysis of some cases, named after them; without cases, that of the project."""
    if not cases or cases == MAIN.data.cases:
        return MAIN
    name = "+".join(case.name for case in cases)
    return replace(
        MAIN,
        name=shorten_name(name),
        axis="case",
        choice=name,
        reason="Cases chosen on the command line.",
        source="The user.",
        data=replace(MAIN.data, cases=cases),
    )


def shorten_name(name: str) -> str:
    """Shorten the name of a folder that a file system may refuse; a hash tells it from others."""
    if len(name.encode()) <= LONGEST_NAME:
        return name
    digest = hashlib.sha256(name.encode()).hexdigest()[:8]
    return name.encode()[: LONGEST_NAME - 9].decode(errors="ignore") + "-" + digest


def choose_axes(axes: Iterable[str]) -> list[Choice]:
    """Return the choices on some axes.

    Raises
    ------
    ValueError
        For an unknown axis. The message lists the nearest.
    """
    axes = [_nearest(axis, AXES, "axis") for axis in axes]
    return [choice for choice in CHOICES if choice.axis in axes]


def cross_axes(axes: list[str]) -> tuple[list[Variant], dict[str, str]]:
    """Combine all choices on some axes, including the main choice of each.

    Returns
    -------
    variants : list of Variant
        The main analysis and the combinations. Their ``axis`` and ``choice`` are joined by ``+``; ``main``
        stands for the main choice.
    impossible : dict of str to str
        Combinations of choices that exclude each other, with the reason.
    """
    main = {axis: Choice(axis, "main", {}, MAIN.reason, MAIN.source) for axis in axes}
    levels = [[main[axis], *choose_axes([axis])] for axis in axes]
    variants, impossible = [], {}
    for combination in product(*levels):
        try:
            changed = any(choice.changes for choice in combination)
            variants.append(build_variant(*combination) if changed else MAIN)
        except ValueError as error:
            impossible["+".join(choice.name for choice in combination)] = str(error)
    return variants, impossible


def choose_grid(axes: str | None, cross: str | None) -> tuple[list[Variant], dict[str, str]]:
    """Return the variants of a sensitivity run, the main analysis first.

    Parameters
    ----------
    axes : str, optional
        Axes to vary one at a time, separated by commas. Default: all.
    cross : str, optional
        Axes to cross, separated by commas.

    Returns
    -------
    variants, impossible
        As from ``cross_axes``.

    Raises
    ------
    ValueError
        For an unknown axis, or if both parameters are given.
    """
    if axes and cross:
        raise ValueError("give either --axes or --cross, not both")
    if cross:
        return cross_axes([axis.strip() for axis in cross.split(",")])
    names = [axis.strip() for axis in axes.split(",")] if axes else AXES
    return [MAIN, *(build_variant(choice) for choice in choose_axes(names))], {}


def _nearest(name: str, known: Iterable[str], what: str) -> str:
    if name in known:
        return name
    near = difflib.get_close_matches(name, list(known), n=3, cutoff=0.4) or list(known)[:3]
    raise ValueError(f"no {what} {name!r}; nearest: {', '.join(near)}")


def choose_variants(
    names: list[str], changes: list[str], *, quick: bool = False, cases: tuple[CaseSpec, ...] = ()
) -> list[Variant]:
    """Return variants by name, each with further changes. Without names, change the main analysis.

    ``cases`` replace those of the main analysis.

    Raises
    ------
    ValueError
        For an unknown name or field (the message lists the nearest), or for a value that is not allowed.
    """
    main = take_cases(cases)
    chosen = find_variants(names, main) if names else [main]
    given = dict(map(parse_change, changes))
    if given:
        suffix = "+".join(change.replace(" ", "").replace("/", "_") for change in changes)
        chosen = [
            replace(
                apply_changes(variant, given),
                name=shorten_name(suffix if variant is MAIN else f"{variant.name}+{suffix}"),
                axis="set",
                choice=suffix,
                reason="Set on the command line.",
                source="The user.",
            )
            for variant in chosen
        ]
    return [variant.quick() for variant in chosen] if quick else chosen
