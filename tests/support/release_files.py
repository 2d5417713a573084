"""Small files in the publishers' formats, written from made-up votes."""

import csv
import io
from pathlib import Path

import numpy as np
import pandas as pd

STATES = {2: "USA", 20: "CAN", 200: "GBR", 365: "RUS", 651: "EGY", 750: "IND"}
TITLES = ["Prohibition of nuclear weapons", "Question of Palestine", "The right to development"]
UNDL_HEADER = [
    "undl_id",
    "ms_code",
    "ms_name",
    "ms_vote",
    "date",
    "session",
    "resolution",
    "draft",
    "committee_report",
    "meeting",
    "title",
    "agenda_title",
    "subjects",
    "vote_note",
    "total_yes",
    "total_no",
    "total_abstentions",
    "total_non_voting",
    "total_ms",
    "undl_link",
]
DATAVERSE_HEADER = [
    "",
    "rcid",
    "ccode",
    "member",
    "vote",
    "Country",
    "Countryname",
    "session",
    "abstain",
    "yes",
    "no",
    "importantvote",
    "date",
    "unres",
    "amend",
    "para",
    "short",
    "descr",
    "me",
    "nu",
    "di",
    "hr",
    "co",
    "ec",
    "ident",
    "resid",
]


def made_up_votes(sessions=(58, 59), per_session=3, states=STATES, seed=1) -> pd.DataFrame:
    """Codes 1 yes, 2 abstain, 3 no, 8 absent of `states` on whole resolutions with repeated titles."""
    rng = np.random.default_rng(seed)
    rows, step = [], 10 if per_session <= 10 else 1000
    for s, session in enumerate(sessions):
        for k in range(per_session):
            for ccode, iso3 in states.items():
                code = int(rng.choice([1, 1, 1, 2, 3, 8]))
                rows.append((1000 + step * s + k, session, k + 1, ccode, iso3, code, TITLES[k % 3]))
    return pd.DataFrame(rows, columns=["rcid", "session", "number", "ccode", "iso3", "code", "title"])


def dataverse_rows(votes: pd.DataFrame, **changes) -> pd.DataFrame:
    """Rows of a Dataverse release (columns of 2024) for the votes."""
    tally = pd.crosstab(votes["rcid"], votes["code"]).reindex(columns=[1, 2, 3], fill_value=0)
    out = pd.DataFrame(
        {
            "": np.arange(1, len(votes) + 1),
            "rcid": votes["rcid"],
            "ccode": votes["ccode"].map(lambda c: f"{c}.0"),
            "member": "1.0",
            "vote": votes["code"],
            "Country": votes["iso3"],
            "Countryname": "State " + votes["iso3"],
            "session": votes["session"],
            "abstain": votes["rcid"].map(tally[2]),
            "yes": votes["rcid"].map(tally[1]),
            "no": votes["rcid"].map(tally[3]),
            "importantvote": 0,
            "date": [
                f"{1945 + s}-12-{1 + n % 28:02d}"
                for s, n in zip(votes["session"], votes["number"], strict=True)
            ],
            "unres": [f"R/{s}/{n}" for s, n in zip(votes["session"], votes["number"], strict=True)],
            "amend": "",
            "para": "",
            "short": votes["title"].str.upper(),
            "descr": votes["title"] + " : resolution / adopted by the General Assembly",
            "me": votes["title"].str.contains("Pal").astype(int),
            "nu": votes["title"].str.contains("nuc").astype(int),
            "di": 0,
            "hr": 0,
            "co": 0,
            "ec": 0,
            "ident": "0.0",
            "resid": votes["session"] * 1000 + votes["number"],
        }
    )
    return out.assign(**changes).astype(object)


def dataverse_text(votes: pd.DataFrame, delimiter=",", **changes) -> str:
    return table_text(dataverse_rows(votes, **changes), delimiter)


def undl_rows(votes: pd.DataFrame, **changes) -> pd.DataFrame:
    """Rows of the UN Digital Library's bulk file (header of 2026) for the votes."""
    tally = pd.crosstab(votes["rcid"], votes["code"]).reindex(columns=[1, 2, 3, 8], fill_value=0)
    day = [f"{1945 + s}-12-{1 + n % 28:02d}" for s, n in zip(votes["session"], votes["number"], strict=True)]
    total = {
        c: votes["rcid"].map(tally[k]).astype(float)
        for c, k in [("total_yes", 1), ("total_no", 3), ("total_abstentions", 2), ("total_non_voting", 8)]
    }
    out = pd.DataFrame(
        {
            "undl_id": votes["rcid"] + 4_000_000,
            "ms_code": votes["iso3"],
            "ms_name": "STATE OF " + votes["iso3"],
            "ms_vote": votes["code"].map({1: "Y", 2: "A", 3: "N", 8: "X"}),
            "date": day,
            "session": votes["session"],
            "resolution": [f"A/RES/{s}/{n}" for s, n in zip(votes["session"], votes["number"], strict=True)],
            "draft": "",
            "committee_report": "",
            "meeting": "A/PV.1",
            "title": votes["title"]
            + ", including all aspects : resolution / adopted by the General Assembly",
            "agenda_title": "General and complete disarmament",
            "subjects": "DISARMAMENT--GENERAL|TREATIES",
            "vote_note": "",
            **total,
            "total_ms": sum(total.values()),
            "undl_link": "https://digitallibrary.un.org/record/1",
        }
    )
    return out.assign(**changes).astype(object)


def undl_text(votes: pd.DataFrame, **changes) -> str:
    return table_text(undl_rows(votes, **changes), ",")


def table_text(table: pd.DataFrame, delimiter: str) -> str:
    out = io.StringIO()
    writer = csv.writer(out, delimiter=delimiter, lineterminator="\n")
    writer.writerow(table.columns)
    writer.writerows(table.itertuples(index=False))
    return out.getvalue()


def write(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


def write_parquet_pair(votes: pd.DataFrame, folder) -> None:
    """The two tables of the parquet pair, with the columns and types of its data dictionary."""
    words = votes["code"].map({1: "yes", 2: "abstain", 3: "no", 8: "absent"})
    pd.DataFrame({
        "rcid": votes["rcid"].astype("int32"), "session": votes["session"].astype("int8"),
        "ccode": votes["ccode"].astype("int16"), "iso3": votes["iso3"].astype("category"),
        "vote": words.astype("category"), "no_votes_in_session": False,
    }).to_parquet(folder / "votes.parquet")  # fmt: skip
    tally = pd.crosstab(votes["rcid"], words)
    first = votes.drop_duplicates("rcid").set_index("rcid")
    table = pd.DataFrame(
        {
            "rcid": first.index.astype("int32"),
            "session": first["session"].to_numpy("int16"),
            "date": [pd.Timestamp(1945 + s, 12, 1).date() for s in first["session"]],
            "date_quality": "day",
            "unres": [f"R/{s}/{n}" for s, n in zip(first["session"], first["number"], strict=True)],
            "title": first["title"].to_numpy(),
            "descr": first["title"].to_numpy(),
            "important": pd.array([0] * len(first), dtype="Int8"),
            "is_para_or_amend": False,
            "is_procedural": False,
            "dup_of_rcid": pd.array([pd.NA] * len(first), dtype="Int32"),
            "match_group": pd.array([pd.NA] * len(first), dtype="Int32"),
        }
    )
    for issue in ("me", "nu", "di", "hr", "co", "ec"):
        table[issue] = np.int8(0)
        table[f"{issue}_v2016"] = pd.array([pd.NA] * len(first), dtype="Int8")
    for word in ("yes", "abstain", "no", "absent"):
        table[word] = tally.get(word, pd.Series(0, first.index)).reindex(first.index).to_numpy("int16")
    table.to_parquet(folder / "rollcalls.parquet")
