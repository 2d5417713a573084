"""Where the numbers come from: specs, hashes, versions, convergence."""

import json

import pandas as pd

from analysis.fitting.gates import GATES
from analysis.posterior.words import number
from analysis.report.blocks import Facts, Folded, Heading, Section, Sortable, Text, Verbatim, plain_table
from analysis.report.tables import Table, make_table, number_column, text_column
from analysis.store.results import Results


def build_provenance(results: Results) -> Section:
    """The record that the run wrote."""
    record = results.record
    variant = record["variant"]
    sources = "; ".join(
        f"{results.case_labels[case]}: {votes['source']}"
        + (f" ({votes['fallback']})" if votes["fallback"] else "")
        for case, votes in record["votes"].items()
    )
    facts = [
        ("Variant", f"{variant['name']}: {variant['reason']}"),
        ("Votes", sources),
        ("Run", f"{_minute(record['started'])} to {_minute(record['finished'])} (UTC)"),
        ("Commit", record["commit"]),
        ("Seed", str(record["seed"])),
        ("Seconds in fits", number(sum(record["seconds"].values()), 0)),
        ("Versions", ", ".join(f"{name} {version}" for name, version in record["versions"].items())),
    ]
    folded = [
        Folded(
            "All settings of this run", [Verbatim(json.dumps(variant, indent=2, ensure_ascii=False), "Specs")]
        ),
        Folded("Hashes of data", [_hashes_table(results)]),
        Folded(
            "Models that were fitted",
            [Verbatim(text, f"Model: {name}") for name, text in results.models.items()],
        ),
    ]
    return Section(
        "provenance",
        "Where the numbers come from",
        [
            Facts(facts),
            Heading("Convergence"),
            Text(
                "A fit is saved only if it has no divergences, R-hat below "
                f"{GATES.max_rhat} and bulk and tail effective sample size above {GATES.min_ess:.0f} for "
                f"every saved number, and BFMI above {GATES.min_bfmi}."
            ),
            Sortable(_convergence_table(results)),
            *_say_weights(record),
            *folded,
        ],
    )


def _minute(time: str) -> str:
    """Shorten a time to its minute: 2026-11-28 15:16."""
    return time[:16].replace("T", " ")


def _name_fit(name: str, results: Results) -> str:
    """Name a fit with the label of its case: ``ideal points, iraq`` is that of Iraq 2003."""
    kind, _, case = name.rpartition(", ")
    return f"{kind}, {results.case_labels[case]}" if case in results.case_labels else name


def _convergence_table(results: Results) -> Table:
    record = results.record
    frame = pd.DataFrame(
        [
            {"fit": _name_fit(name, results), "seconds": record["seconds"].get(name), **figures}
            for name, figures in record["convergence"].items()
        ]
    )
    columns = [
        text_column("Fit", "fit"),
        *([number_column("Exact refits", "refits", 0)] if "refits" in frame else []),
        number_column("Chains", "chains", 0),
        number_column("Draws per chain", "draws", 0),
        number_column("Divergences", "divergences", 0),
        number_column("Largest R-hat", "max_rhat", 4),
        number_column("Smallest bulk ESS", "min_ess_bulk", 0),
        number_column("Smallest tail ESS", "min_ess_tail", 0),
        number_column("Smallest BFMI", "min_bfmi", 2),
        number_column("Seconds", "seconds", 1),
    ]
    return make_table(frame, columns, "Convergence of every fit")


def _say_weights(record: dict) -> list[Text]:
    """Say how reliable the weights are that carry a fit of stage 2 to each draw of the positions."""
    return [
        Text(
            f"{name}: the draws of one fit are weighed for each of {figures['weighed']} draws of the "
            f"positions. Pareto k of the weights is {figures['median_pareto_k']:.2f} in the median and "
            f"{figures['max_pareto_k']:.2f} at most (up to 0.7 is usually trusted); at least "
            f"{figures['min_effective_share']:.0%} of the draws are effective. Draws of the positions whose "
            f"weights are unreliable, and which got an exact refit instead: {figures['refits']}."
        )
        for name, figures in record["convergence"].items()
        if "weighed" in figures
    ]


def _hashes_table(results: Results) -> Sortable:
    rows = []
    for case, votes in results.record["votes"].items():
        label = results.case_labels[case]
        rows += [(f"votes, {label}", name, digest) for name, digest in json.loads(votes["sha256"]).items()]
        rows.append((f"votes, {label}", "as prepared", votes["content"]))
    panel = results.record["panel"]
    rows += [("panel", name, digest) for name, digest in json.loads(panel["sha256"]).items()]
    rows.append(("panel", "as prepared", panel["content"]))
    frame = pd.DataFrame(rows, columns=["Of", "File", "SHA-256"])
    return plain_table(frame, "SHA-256 of the files and of the data prepared from them")
