"""Variants of the study of acts: one choice changed at a time, each with the reason.

Changes are by path, as in ``sfl acts --set``.
"""

import difflib
from dataclasses import dataclass, field, replace
from typing import get_args, get_type_hints

from analysis.studies.acts.plan import ActsRun
from analysis.variants.change import apply_changes, parse_change
from analysis.variants.sampler import SamplerSpec

UNNAMED = ("el_salvador_1981", "afghanistan_1979", "vietnam_gas_1969", "extraterritorial_1996")
HARDLY = ("cuba_embargo_2002", "cuba_embargo_2012", "plo_mission_1987", "rhodesia_chrome_1971")
MORE = (
    *("gdp_per_capita", "population", "democracy", "distance", "neighbour"),
    *("European Union", "Arab League", "ASEAN"),
)


@dataclass(frozen=True)
class ActsChoice:
    """One difference from the main analysis of acts: its name, what it changes, and why."""

    name: str
    changes: dict[str, object] = field(hash=False)
    reason: str


CHOICES: tuple[ActsChoice, ...] = (
    ActsChoice("since-1955", {"data.since": 1955}, "Doubt 3: early Soviet drafts fail 5 to 50."),
    ActsChoice("one-vote-an-act", {"data.repeats": False}, "Doubt 7: the votes on one war are one."),
    ActsChoice("military", {"data.acts": "military"}, "Force only."),
    ActsChoice("rio-none", {"data.rio": "none"}, "The Rio Treaty and the OAS protect nobody."),
    ActsChoice("rio-apart", {"data.rio": "apart"}, "The Rio Treaty and the OAS have an effect of their own."),
    ActsChoice(
        "compacts-none", {"data.compacts": "none"}, "ATOP as it is, without the three Compact states."
    ),
    ActsChoice("paper-none", {"data.paper": "none"}, "Treaties on paper only are none."),
    ActsChoice("hardly-divided-out", {"data.acts_out": HARDLY}, "Doubt 4: hardly a supporter."),
    ActsChoice("unnamed-out", {"data.acts_out": UNNAMED}, "Doubt 1: texts that do not name the power."),
    ActsChoice(
        "aid-and-troops",
        {"data.covariates": (*MORE, "aid", "troops")},
        "Rival: aid and troops, not the pact.",
    ),
    ActsChoice("without-covariates", {"data.covariates": ()}, "No covariates but region and the other pact."),
    ActsChoice("capability", {"data.covariates": (*MORE, "capability")}, "Size as power."),
    ActsChoice("other-power-ignored", {"data.other_power": "ignore"}, "Rival: the other power's pact."),
    ActsChoice("absent-as-abstaining", {"data.absence": "abstain"}, "Absence shields, too."),
    ActsChoice("target-in", {"data.target": "in"}, "Doubt 2: targets stay."),
    ActsChoice("borderline-in", {"data.borderline": True, "data.acts": "all"}, "Doubt 8: every act coded."),
    ActsChoice("duty", {"data.guarantee": "duty"}, "Pacts that bind the power itself."),
    ActsChoice("other-ordinary-votes", {"data.seed": 1}, "Another draw of ordinary votes."),
    ActsChoice("no-corrections", {"data.corrections": ()}, "The six cells as the record has them."),
    ActsChoice(
        "es-11-7-out", {"data.open_cells": "leave_out"}, "Its abstentions and absences are not told apart."
    ),
    ActsChoice("es-11-7-missing", {"data.open_cells": "missing"}, "Its open cells say nothing."),
    ActsChoice(
        "republics-in", {"data.republics": "in"}, "Doubt 5: Byelorussia and Ukraine on American acts."
    ),
    ActsChoice("rio-out", {"data.rio": "out"}, "Neither protected nor not: left out of American acts."),
    ActsChoice(
        "small-prior", {"model.pact_scale": 1.0, "model.slope_scale": 0.5}, "Priors of the effects halved."
    ),
    ActsChoice(
        "wide-prior", {"model.pact_scale": 4.0, "model.slope_scale": 2.0}, "Priors of the effects doubled."
    ),
    ActsChoice("within-states", {"model.split": "within"}, "Only states that gained or lost a pact tell."),
    ActsChoice("absence-own", {"data.absence": "own"}, "Absence as the answer, against taking part."),
)
"""All variants, those that bear most on the answer first."""

WITHIN = "within-states"
OTHER_QUESTION = (WITHIN, "absence-own")
"""Variants that ask something else. They are told, and count in no verdict."""

REVIEW = SamplerSpec(draws=600, tune=400, chains=2)
"""Sampler of a variant: more Monte Carlo error, the same gates."""


def change_run(run: ActsRun, changes: dict[str, object], name: str) -> ActsRun:
    """Return a run with other choices. ValueError for an unknown path or value; it names the nearest."""
    return replace(apply_changes(run, changes), name=name)


def choose_run(name: str, changes: list[str], extent: str = "whole") -> ActsRun:
    """Return the main run or a variant, with further changes such as ``data.rio=none``.

    ``extent`` is that of the main run, see ``ActsRun``; of any other run only the effects are fitted.

    Raises
    ------
    ValueError
        For an unknown name, path, value or extent. The message names the nearest, or what is allowed.
    """
    allowed = get_args(get_type_hints(ActsRun)["extent"])
    if extent not in allowed:
        raise ValueError(f"extent = {extent!r}; allowed: {', '.join(allowed)}")
    run, known = ActsRun(), {choice.name: choice for choice in CHOICES}
    if name != "main":
        if name not in known:
            near = difflib.get_close_matches(name, list(known), n=3, cutoff=0.0)
            raise ValueError(f"no variant {name!r}; nearest: {', '.join(near)}")
        run = change_run(run, known[name].changes, name)
    given = dict(map(parse_change, changes))
    if given:
        label = "+".join([*([] if name == "main" else [name]), *changes])
        run = change_run(run, given, "".join(c if c.isalnum() or c in "+-_=.," else "_" for c in label))
    return replace(run, extent=extent if run.name == "main" else "effects")
