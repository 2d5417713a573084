"""The report and the terminal say what is there for one coalition and for three, not for two only."""

import io
import json

import pandas as pd
import pytest
import xarray as xr
from rich.console import Console
from support.made_results import write_results

from analysis.commands.run import show_answer
from analysis.report.page import write_report
from analysis.store.files import read_tree, write_tree
from analysis.store.results import Results

THIRD = {"name": "libya", "label": "Libya [2011]"}


def change_cases(folder, kept, third):
    """Keep some cases of made-up results, and add a third one that looks like the second."""
    for path in folder.glob("*.csv"):
        table = pd.read_csv(path)
        if "case" in table:
            rows = table[table["case"].isin([*kept, "pooled"])]
            more = [table[table["case"] == "isis"].assign(case="libya")] if third else []
            pd.concat([rows, *more]).to_csv(path, index=False)
    tree = read_tree(folder / "coalition.nc")
    whole = tree["panel"].dataset
    parts = [whole.sel(case=kept)]
    if third:
        added = whole.sel(case=["isis"])
        parts.append(added.assign_coords(case=["libya"], label=("case", [THIRD["label"]])))
    changed = xr.DataTree.from_dict({"panel": xr.concat(parts, "case").assign_attrs(whole.attrs)})
    changed.attrs = tree.attrs
    write_tree(changed, folder / "coalition.nc")
    record = json.loads((folder / "run.json").read_text())
    cases = [case for case in record["variant"]["data"]["cases"] if case["name"] in kept]
    cases += [cases[-1] | THIRD] if third else []
    record["variant"]["data"]["cases"] = cases
    votes = record["votes"] | {"libya": record["votes"]["isis"] | {"case": "libya"}}
    record["votes"] = {case["name"]: votes[case["name"]] for case in cases}
    record["positions_from_region"] = {case["name"]: [] for case in cases}
    (folder / "run.json").write_text(json.dumps(record))


@pytest.mark.parametrize(
    ("kept", "third"), [(["isis"], False), (["iraq", "isis"], True)], ids=["one case", "three cases"]
)
def test_report_and_terminal(tmp_path, kept, third):
    folder = write_results(tmp_path / "results") / "main"
    change_cases(folder, kept, third)
    results = Results.load("main", results=folder.parent, output=tmp_path / "output")
    page = write_report(results, tmp_path / "report.html").read_text(encoding="utf-8")
    out = io.StringIO()
    show_answer(folder, Console(file=out, width=200))
    for text in (page, out.getvalue()):
        assert "ISIS 2014-17" in text
        assert ("Libya [2011]" in text) == third
        assert ("Iraq 2003" in text) == third
        assert "both pooled" not in text
