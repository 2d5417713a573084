"""Votes in the memory layout that the likelihood reads: row by row, without gaps."""

from dataclasses import dataclass, replace

import numpy as np
import pymc as pm
import pytensor

from models.likelihood.votes_numba import ABSTAIN, MISSING

ARRAYS = ("response", "row_offset", "item_idx", "position_start", "abstain_position", "abstain_offset")


@dataclass(frozen=True, eq=False)
class Votes:
    """Votes row by row. A row is one roll call, answered by a contiguous run of ideal points.

    Attributes
    ----------
    response : int8 (cell,) or int16 (3, cell)
        One vote per cell: 0 no, 1 abstain, 2 yes, -1 missing. Or counts of no, abstain, yes; all zero is
        missing. The cells of a row are contiguous.
    row_offset : int32 (row + 1,)
        Cells of row r are ``row_offset[r]`` to ``row_offset[r + 1]`` (excluded).
    item_idx : int32 (row,)
        Item of each row. Rows of one item (a resolution put again) share its parameters.
    position_start : int32 (row,)
        Ideal point of a row's first cell; the next cells belong to the next ideal points.
    abstain_position : int32 (abstention,)
        Ideal point of each abstention, row by row. Empty for counts.
    abstain_offset : int32 (row + 1,)
        Like ``row_offset``, for ``abstain_position``.
    is_rectangular : bool
        Row r is item r, and every row holds all ideal points. The graph then needs no indexing.
    """

    response: object
    row_offset: object
    item_idx: object
    position_start: object
    abstain_position: object
    abstain_offset: object
    is_rectangular: bool

    @property
    def is_tally(self):
        """True for counts, False for one vote per cell."""
        return self.response.ndim == 2

    def as_dict(self, prefix="votes_"):
        """Return name -> array for nutpie's ``with_data``."""
        return {prefix + name: getattr(self, name) for name in ARRAYS}

    def as_shared(self, prefix="votes_"):
        """Return the votes as shared variables; within a model they are registered as its data.

        Compiled code then contains neither the votes nor their number, and serves other votes too.
        """
        model = pm.Model.get_context(error_if_none=False)
        shared = {}
        for name, value in self.as_dict(prefix).items():
            shared[name] = pytensor.shared(value, name=model.name_for(name) if model else name)
            if model:
                # As pm.Data does, which would however widen the responses to 32 bits.
                model.register_data_var(shared[name])
        return replace(self, **{name: shared[prefix + name] for name in ARRAYS})


def prepare_votes(counts, *, item_idx=None, row_start=None, row_length=None):
    """Convert counts to the layout of the likelihood.

    Parameters
    ----------
    counts : int array (row, state, 3)
        How often each state answered no, abstain, yes. All zero is missing.
    item_idx : int array (row,), optional
        Item of each row. Default: row r is item r.
    row_start : int array (row,), optional
        Ideal point of the first state of each row. Default: 0.
    row_length : int array (row,), optional
        Number of leading states of ``counts[r]`` that belong to row r. Default: all.

    Returns
    -------
    Votes
        Of numpy arrays.

    Raises
    ------
    ValueError
        If shapes disagree, if a count is negative or not an integer, or if a cell beyond ``row_length`` holds
        votes.
    """
    counts = np.asarray(counts)
    if counts.ndim != 3 or counts.shape[2] != 3:
        raise ValueError(f"counts must have shape (row, state, 3); got {counts.shape}")
    if not np.issubdtype(counts.dtype, np.integer):
        raise ValueError(f"counts must be integers; got dtype {counts.dtype}")
    if counts.size and counts.min() < 0:
        rows = np.unique(np.nonzero(counts < 0)[0])[:5]
        raise ValueError(f"counts must not be negative; rows {rows.tolist()} hold negative counts")
    n_row, n_state, _ = counts.shape
    is_rectangular = item_idx is None and row_start is None and row_length is None
    item_idx = _row_vector("item_idx", item_idx, np.arange(n_row))
    row_start = _row_vector("row_start", row_start, np.zeros(n_row))
    row_length = _row_vector("row_length", row_length, np.full(n_row, n_state))
    if n_row and row_length.max() > n_state:
        raise ValueError(f"row_length must not exceed the {n_state} states of counts; got {row_length.max()}")
    within = np.arange(n_state) < row_length[:, None]
    stray = np.flatnonzero((counts.any(axis=2) & ~within).any(axis=1))
    if stray.size:
        raise ValueError(f"rows {stray[:5].tolist()} hold votes beyond their row_length")
    cells = counts[within]
    offset = np.concatenate([[0], np.cumsum(row_length)]).astype(np.int32)
    total = cells.sum(axis=1)
    if cells.size and cells.max() > np.iinfo(np.int16).max:
        raise ValueError(f"counts must not exceed {np.iinfo(np.int16).max}; got {cells.max()}")
    if total.size and total.max() > 1:
        return Votes(
            np.ascontiguousarray(cells.T, dtype=np.int16),
            offset,
            item_idx,
            row_start,
            np.zeros(0, np.int32),
            np.zeros(n_row + 1, np.int32),
            is_rectangular,
        )
    code = np.where(total == 1, cells.argmax(axis=1), MISSING).astype(np.int8)
    abstention = np.flatnonzero(code == ABSTAIN)
    row = np.searchsorted(offset, abstention, side="right") - 1
    return Votes(
        code,
        offset,
        item_idx,
        row_start,
        (abstention - offset[row] + row_start[row]).astype(np.int32),
        np.searchsorted(abstention, offset).astype(np.int32),
        is_rectangular,
    )


def _row_vector(name, value, default):
    value = default if value is None else np.asarray(value)
    if value.shape != default.shape:
        raise ValueError(
            f"{name} must have one entry for each of the {len(default)} rows; got shape {value.shape}"
        )
    if value.size and value.min() < 0:
        raise ValueError(f"{name} must not be negative; got {value.min()}")
    return value.astype(np.int32)
