"""How to cite the project, from ``CITATION.cff``."""

import re
from dataclasses import dataclass

from analysis.store.files import ROOT


@dataclass(frozen=True)
class Citation:
    """Authors, title, version and date of the project."""

    authors: str
    title: str
    version: str
    date: str


def load_citation() -> Citation:
    """Read the citation. Only the simple fields that the project's own file has are understood."""
    path = ROOT / "CITATION.cff"
    text = path.read_text(encoding="utf-8") if path.is_file() else ""
    names = re.findall(r"^\s+- name: (.+)$", text, flags=re.MULTILINE)

    def field(name: str) -> str:
        found = re.search(rf"^{name}: (.+)$", text, flags=re.MULTILINE)
        return found.group(1).strip("\"' ") if found else ""

    return Citation(
        authors=", ".join(name.strip("\"' ") for name in names),
        title=field("title") or "Security for legitimacy",
        version=field("version"),
        date=field("date-released"),
    )
