"""Derive issue areas from words, for releases whose publisher codes none.

The six areas are those of the Dataverse codebook (Voeten, Strezhnev and Bailey): ``me`` Palestinian conflict,
``nu`` nuclear weapons and material, ``di`` arms control and disarmament, ``hr`` human rights, ``co``
colonialism, ``ec`` economic development. According to that codebook, its own flags come from searches in
descriptions with a rudimentary visual check, so a word list is a similar instrument. A roll call may belong
to several areas or to none.
"""

import re

import numpy as np
import pandas as pd

from data.votes.releases.matching import match_titles

_WORDS = {
    "me": r"PALESTIN|ISRAEL|JERUSALEM|GOLAN|UNRWA|MIDDLE EAST|OCCUPIED (?:ARAB|SYRIAN)|NEAR EAST|"
    r"BETHLEHEM|GAZA|WEST BANK|INTIFADA|TERRITORIES OCCUPIED",
    "nu": r"NUCLEAR|ATOMIC ENERGY|FISSI[OL]|TLATELOLCO|NPT\b|RADIOACTIVE|DENUCLEARI|RADIATION|"
    r"WEAPONS? OF MASS DESTRUCTION|HIROSHIMA|TEST[ -]BAN|AMMUNITIONS? CONTAINING DEPLETED URANIUM",
    "di": r"DISARM|WEAPON|ARMS\b|ARMAMENT|NUCLEAR (?:PROLIFERATION|NON-PROLIFERATION|DANGER)|FISSI[OL]|"
    r"MILITARY EXPENDITURE|ARMS RACE|LANDMINE|MINES?\b|MISSILE|DENUCLEARI|TLATELOLCO",
    "hr": r"HUMAN RIGHTS?|RACIS|RACIAL|APARTHEID|RIGHTS? (?:OF|TO)\b|TORTURE|DEATH PENALTY|GENOCIDE|"
    r"SELF-DETERMINATION|MERCENAR|DISCRIMINATION|WOMEN\b|CHILD|RELIGIO|FREEDOM OF|XENOPHOBI|INHUMAN|"
    r"NAZISM|INTOLERANCE|COERCIVE MEASURES|DEMOCRATIC AND EQUITABLE|"
    r"SLAVERY|INALIENABLE RIGHTS|MINORIT|MIGRANT|OLDER PERSONS",
    "co": r"COLONI|SELF-GOVERNING|SELF-DETERMINATION|TRUST(?:EESHIP)? TERRITOR|DECOLONI|NAMIBIA|"
    r"SOUTH(?:ERN)? AFRICA|APARTHEID|SOUTHERN RHODESIA|PORTUGUESE|WESTERN SAHARA|MAYOTTE|FALKLAND|MALVINAS|"
    r"NEW CALEDONIA|NON-SELF|INDEPENDENCE TO|INFORMATION FROM NON|TOKELAU|GIBRALTAR|GUAM|EAST TIMOR|CHAGOS|"
    r"MALAGASY|OCCUPIED",
    "ec": r"ECONOMIC|DEVELOPMENT\b|TRADE\b|COMMODIT|DEBT\b|FINANC(?:IAL|ING) (?:SYSTEM|FOR DEVELOPMENT)|"
    r"EMBARGO|INDUSTRIALI|TRANSNATIONAL CORP|POVERTY|AGRICULTUR|LEAST DEVELOPED",
}
_PATTERNS = {issue: re.compile(words, re.IGNORECASE) for issue, words in _WORDS.items()}


def prepare_issues(text: pd.Series) -> pd.DataFrame:
    """Flag the six issue areas by words in texts (title, agenda title and subjects joined).

    Returns a DataFrame, ``rollcall`` x ``me nu di hr co ec``, Int8 in {0, 1}; missing if the text is empty.
    """
    filled = text.fillna("").astype(str)
    unique, position = np.unique(filled.to_numpy(dtype=object), return_inverse=True)
    flags = {
        i: np.array([p.search(t) is not None for t in unique], dtype=np.int8) for i, p in _PATTERNS.items()
    }
    out = pd.DataFrame({i: pd.array(f[position], dtype="Int8") for i, f in flags.items()}, index=text.index)
    return out.mask(filled.str.strip().eq(""))


def derive_from_words(rollcalls: pd.DataFrame, words: pd.Series) -> pd.DataFrame:
    """Add issue areas, from ``words``, and repeated resolutions to a table of adopted whole resolutions."""
    table = pd.concat([rollcalls, prepare_issues(words)], axis=1)
    table = table.assign(
        is_para_or_amend=False, is_procedural=False, dup_of_rcid=pd.NA, issue_source="derived"
    )
    table["match_group"] = match_titles(table)
    table["match_source"] = np.where(table["match_group"].notna(), "derived", "none")
    return table
