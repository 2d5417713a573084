"""The one door into ``data``: all that ``analysis`` takes from it besides the coding choices."""

from data.acts.load import ActsData, load_acts
from data.alliances.build import load_alliances
from data.alliances.dyads import DYADS_FILES, build_graph, load_dyads
from data.alliances.network import find_clients, measure_star
from data.assembly import read_assembly
from data.build import build_shipped
from data.case_file import choose_cases, list_cases, write_template
from data.describe import describe_tables
from data.ideal_points import describe_state, read_ideal_points
from data.notes import Note, list_notes
from data.panel.load import load_panel
from data.panel.ties import (
    ALLY_OF_CLIENT,
    INFORMAL_LEVELS,
    add_client_ties,
    find_owing,
    grade_by_closeness,
    grade_by_form,
)
from data.panel.waves import prepare_waves
from data.tables.blocs import BLOCS, list_members, load_blocs
from data.tables.codes import add_codes
from data.tables.read import (
    TABLES_DIR,
    is_member,
    load_coalition,
    load_guarantees,
    load_states,
    locate_given,
    sha256,
    table_text,
)
from data.tables.rules import DataError
from data.votes.checks.agreement import describe_agreement
from data.votes.checks.report import check_release
from data.votes.fetch import fetch_release, load_sources
from data.votes.find import list_files
from data.votes.prepare import ISSUE_NAMES
from data.votes.record import FETCH_COMMAND, SHARED_DIR, find_rollcalls, load_record
from data.votes.windows import list_beyond_tallies, load_doubts, load_record_votes, load_votes

__all__ = [
    "ALLY_OF_CLIENT",
    "BLOCS",
    "DYADS_FILES",
    "FETCH_COMMAND",
    "INFORMAL_LEVELS",
    "ISSUE_NAMES",
    "SHARED_DIR",
    "TABLES_DIR",
    "ActsData",
    "DataError",
    "Note",
    "add_client_ties",
    "add_codes",
    "build_graph",
    "build_shipped",
    "check_release",
    "choose_cases",
    "describe_agreement",
    "describe_state",
    "describe_tables",
    "fetch_release",
    "find_clients",
    "find_owing",
    "find_rollcalls",
    "grade_by_closeness",
    "grade_by_form",
    "is_member",
    "list_beyond_tallies",
    "list_cases",
    "list_files",
    "list_members",
    "list_notes",
    "load_acts",
    "load_alliances",
    "load_blocs",
    "load_coalition",
    "load_doubts",
    "load_dyads",
    "load_guarantees",
    "load_panel",
    "load_record",
    "load_record_votes",
    "load_sources",
    "load_states",
    "load_votes",
    "locate_given",
    "measure_star",
    "prepare_waves",
    "read_assembly",
    "read_ideal_points",
    "sha256",
    "table_text",
    "write_template",
]
