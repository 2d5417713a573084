"""Likelihood of ordered votes, no < abstain < yes: one function, as a fused Op or as a plain graph.

With ``eta = discrimination * ideal_point`` and two cutpoints per item,

    P(y <= no) = logit^-1(cutpoint[0] - eta)        P(y <= abstain) = logit^-1(cutpoint[1] - eta)

(the graded response model: Samejima, F. 1969, Estimation of latent ability using a response pattern of graded
scores, Psychometrika Monograph 17). The fused form computes the value and every gradient in one pass over the
votes; the graph is the reference that it is tested against.
"""

from dataclasses import dataclass, replace

import numpy as np
import pymc as pm
import pytensor
import pytensor.tensor as pt
from pytensor.gradient import DisconnectedType, disconnected_type
from pytensor.graph.basic import Apply
from pytensor.graph.op import Op
from pytensor.link.numba.dispatch.basic import numba_njit, register_funcify_default_op_cache_key

from models.likelihood import tallies_numba as tally_kernel
from models.likelihood import votes_numba as kernel
from models.likelihood.source import hash_source

SOURCE_HASH = hash_source(__file__, kernel.__file__, tally_kernel.__file__)
IMPLEMENTATIONS = ("fused", "graph")
ARRAYS = ("response", "row_offset", "item_idx", "position_start", "abstain_position", "abstain_offset")


@dataclass(frozen=True, eq=False)
class Votes:
    """Votes row by row; a row is one vote put to a contiguous run of ideal points.

    Attributes
    ----------
    response : int8 (cell,) or int16 (3, cell)
        One vote a cell: 0 no, 1 abstain, 2 yes, -1 missing. Or counts of no, abstain, yes; missing is all
        zero. The cells of a row follow one another.
    row_offset : int32 (row + 1,)
        Cells of row r are ``row_offset[r]`` to ``row_offset[r + 1]`` (excluded).
    item_idx : int32 (row,)
        Item of each row; rows of one item (a resolution put again) share its parameters.
    position_start : int32 (row,)
        Ideal point of a row's first cell; the following cells take the following ideal points.
    abstain_position : int32 (abstention,)
        Ideal point of each abstention, row by row. Empty for counts.
    abstain_offset : int32 (row + 1,)
        Like ``row_offset``, for ``abstain_position``.
    is_rectangular : bool
        Row r is item r, and every row holds all ideal points: the graph can then do without indexing.
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
        """True for counts, False for one vote a cell."""
        return self.response.ndim == 2

    def as_dict(self, prefix="votes_"):
        """Return name -> array for nutpie's ``with_data``.

        In PyMC, ``model[name].set_value(array)``: ``pm.set_data`` would widen the responses to 32 bits.
        """
        return {prefix + name: getattr(self, name) for name in ARRAYS}

    def as_shared(self, prefix="votes_"):
        """Return the votes as shared variables; inside a model they are registered as its data.

        Compiled code then does not contain the votes or how many there are: it is cached between processes
        and serves others.
        """
        model = pm.Model.get_context(error_if_none=False)
        shared = {}
        for name, value in self.as_dict(prefix).items():
            shared[name] = pytensor.shared(value, name=model.name_for(name) if model else name)
            if model:
                # What pm.Data does, but pm.Data would widen the responses to 32 bits.
                model.register_data_var(shared[name])
        return replace(self, **{name: shared[prefix + name] for name in ARRAYS})


def prepare_votes(counts, *, item_idx=None, row_start=None, row_length=None):
    """Store counts in the layout of the likelihood.

    Parameters
    ----------
    counts : int array (row, state, 3)
        How often each state answered no, abstain, yes. All zero is missing. A row is an item unless
        ``item_idx`` says otherwise.
    item_idx : int array (row,), optional
        Item of each row. Default: row r is item r.
    row_start : int array (row,), optional
        Ideal point of the first state of each row. Default: 0.
    row_length : int array (row,), optional
        How many leading states of ``counts[r]`` belong to row r. Default: all.

    Returns
    -------
    Votes
        Of numpy arrays.

    Raises
    ------
    ValueError
        If shapes disagree, a count is negative or no integer, or a cell beyond ``row_length`` holds votes.
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
    code = np.where(total == 1, cells.argmax(axis=1), kernel.MISSING).astype(np.int8)
    abstention = np.flatnonzero(code == kernel.ABSTAIN)
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


def graded_response_logp(ideal_point, discrimination, cutpoint, votes, *, implementation="fused"):
    """Log likelihood of all votes.

    Parameters
    ----------
    ideal_point : vector (position,)
        States; in a dynamic model state-sessions, session by session. Unit: that of the model's scale.
    discrimination : vector (item,)
        Either sign.
    cutpoint : matrix (item, 2)
        Lower and upper cutpoint, on the scale of eta = discrimination * ideal_point. Crossed: -inf.
    votes : Votes
        From ``prepare_votes``; best as ``.as_shared()``.
    implementation : {"fused", "graph"}
        One pass for value and gradients (first derivatives only), or a plain PyTensor graph.

    Returns
    -------
    scalar tensor
    """
    if implementation not in IMPLEMENTATIONS:
        raise ValueError(
            f"implementation must be one of {', '.join(IMPLEMENTATIONS)}; got {implementation!r}"
        )
    ideal_point, discrimination, cutpoint = (
        pt.cast(pt.as_tensor(x), "float64") for x in (ideal_point, discrimination, cutpoint)
    )
    if implementation == "graph":
        return _graph_logp(ideal_point, discrimination, cutpoint, votes)
    layout = [votes.row_offset, votes.item_idx, votes.position_start]
    if not votes.is_tally:
        layout += [votes.abstain_position, votes.abstain_offset]
    return GradedResponse(votes.is_tally)(ideal_point, discrimination, cutpoint, votes.response, *layout)[0]


def graded_response_prob(ideal_point, discrimination, cutpoint):
    """Probabilities of no, abstain, yes for every item and ideal point.

    Parameters
    ----------
    ideal_point, discrimination, cutpoint
        As in ``graded_response_logp``.

    Returns
    -------
    tensor (item, position, 3)
    """
    eta = pt.as_tensor(discrimination)[:, None] * pt.as_tensor(ideal_point)[None, :]
    cutpoint = pt.as_tensor(cutpoint)
    upper = eta - cutpoint[:, :1]
    lower = eta - cutpoint[:, 1:]
    between = -pt.expm1(-(cutpoint[:, 1:] - cutpoint[:, :1]))
    return pt.stack(
        [pt.sigmoid(-upper), between * pt.sigmoid(upper) * pt.sigmoid(-lower), pt.sigmoid(lower)], axis=-1
    )


def _graph_logp(ideal_point, discrimination, cutpoint, votes):
    response = pt.as_tensor(votes.response)
    if votes.is_rectangular:
        eta = discrimination[:, None] * ideal_point[None, :]
        row_cutpoint = cutpoint[:, None, :]
        shape = (3, *eta.shape) if votes.is_tally else eta.shape
        response = response.reshape(shape)
    else:
        offset = pt.as_tensor(votes.row_offset)
        cell_row = pt.repeat(pt.arange(offset.shape[0] - 1), pt.diff(offset))
        place = pt.arange(response.shape[-1]) - offset[cell_row]
        item = pt.as_tensor(votes.item_idx)[cell_row]
        eta = discrimination[item] * ideal_point[pt.as_tensor(votes.position_start)[cell_row] + place]
        row_cutpoint = cutpoint[item]
    upper = eta - row_cutpoint[..., 0]
    lower = eta - row_cutpoint[..., 1]
    log_no = -pt.softplus(upper)
    log_yes = -pt.softplus(-lower)
    log_abstain = (
        pt.log1mexp(-(row_cutpoint[..., 1] - row_cutpoint[..., 0])) - pt.softplus(-upper) - pt.softplus(lower)
    )
    if votes.is_tally:
        cell = response[0] * log_no + response[1] * log_abstain + response[2] * log_yes
    else:
        cell = pt.switch(
            pt.eq(response, kernel.NO),
            log_no,
            pt.switch(
                pt.eq(response, kernel.ABSTAIN),
                log_abstain,
                pt.switch(pt.eq(response, kernel.YES), log_yes, 0.0),
            ),
        )
    crossed = pt.any(cutpoint[:, 1] < cutpoint[:, 0])
    return pt.switch(crossed, -np.inf, cell.sum())


class GradedResponse(Op):
    """Value of the likelihood and its gradients, as four outputs of one call.

    Inputs are ideal_point, discrimination, cutpoint, then the arrays of ``Votes``. Only the first output may
    be differentiated; the other three are its gradients.
    """

    __props__ = ("is_tally",)

    def __init__(self, is_tally):
        self.is_tally = is_tally

    def make_node(self, ideal_point, discrimination, cutpoint, *data):
        """Check the ranks and types that the compiled code relies on."""
        parameters = [pt.as_tensor(x) for x in (ideal_point, discrimination, cutpoint)]
        for name, x, ndim in zip(
            ("ideal_point", "discrimination", "cutpoint"), parameters, (1, 1, 2), strict=True
        ):
            if x.type.ndim != ndim or x.type.dtype != "float64":
                raise TypeError(f"{name} must be a float64 tensor with {ndim} dimension(s); got {x.type}")
        data = [pt.as_tensor(x) for x in data]
        dtypes = ["int16" if self.is_tally else "int8"] + ["int32"] * (len(data) - 1)
        if [x.type.dtype for x in data] != dtypes:
            raise TypeError(f"votes must have dtypes {dtypes}; got {[x.type.dtype for x in data]}")
        outputs = [pt.dscalar(), *(x.type() for x in parameters)]
        return Apply(self, [*parameters, *data], outputs)

    def perform(self, node, inputs, output_storage):
        """Call the compiled code from Python."""
        evaluate = tally_kernel.evaluate_tallies if self.is_tally else kernel.evaluate_votes
        results = evaluate(*(np.ascontiguousarray(x) for x in inputs))
        for storage, result in zip(output_storage, results, strict=True):
            storage[0] = np.asarray(result)

    def infer_shape(self, node, input_shapes):
        """State that the gradients have the shapes of the parameters."""
        return [(), *input_shapes[:3]]

    def connection_pattern(self, node):
        """Parameters are connected to all outputs, votes to none."""
        return [[i < 3] * 4 for i in range(len(node.inputs))]

    def pullback(self, inputs, outputs, cotangents):
        """Scale the gradients that the call has returned already."""
        if any(not isinstance(c.type, DisconnectedType) for c in cotangents[1:]):
            raise NotImplementedError(
                "graded_response_logp(implementation='fused') has first derivatives only; "
                "for second derivatives use implementation='graph'"
            )
        scale = cotangents[0]
        return [scale * gradient for gradient in outputs[1:]] + [disconnected_type()] * (len(inputs) - 3)

    def pushforward(self, inputs, outputs, tangents):
        """Not offered."""
        raise NotImplementedError(
            "graded_response_logp(implementation='fused') has no forward mode (pushforward); "
            "use implementation='graph'"
        )


@register_funcify_default_op_cache_key(GradedResponse)
def numba_funcify_graded_response(op, node, **kwargs):
    """Numba form of the Op; the cached machine code is renewed when this file or a kernel changes."""
    if op.is_tally:

        @numba_njit(fastmath=False)
        def graded_response(point, slope, cut, response, offset, item, start):
            value, d_point, d_slope, d_cut = tally_kernel.evaluate_tallies(
                np.ascontiguousarray(point),
                np.ascontiguousarray(slope),
                np.ascontiguousarray(cut),
                np.ascontiguousarray(response),
                np.ascontiguousarray(offset),
                np.ascontiguousarray(item),
                np.ascontiguousarray(start),
            )
            return np.asarray(value), d_point, d_slope, d_cut

    else:

        @numba_njit(fastmath=False)
        def graded_response(point, slope, cut, response, offset, item, start, abstain, abstain_offset):
            value, d_point, d_slope, d_cut = kernel.evaluate_votes(
                np.ascontiguousarray(point),
                np.ascontiguousarray(slope),
                np.ascontiguousarray(cut),
                np.ascontiguousarray(response),
                np.ascontiguousarray(offset),
                np.ascontiguousarray(item),
                np.ascontiguousarray(start),
                np.ascontiguousarray(abstain),
                np.ascontiguousarray(abstain_offset),
            )
            return np.asarray(value), d_point, d_slope, d_cut

    return graded_response, SOURCE_HASH
