"""Gibbs sampler of a linear model whose errors go together within a state and within a group of states.

The answers of state i are a vector y_i over cases and axes:

    y_i = X_i b + Z_i g + u_i 1' + e_i
    u_i ~ Normal(0, U / w_i),   e_ic ~ Normal(0, E_c / w_i),   w_i ~ Gamma(df/2, df/2)
    g_k ~ Normal(0, G),         b ~ Normal(0, diag(scale^2))

One weight for all answers of a state makes their errors a multivariate Student t: a state far out is far
out in every case (Lange, Little and Taylor 1989, doi:10.1080/01621459.1989.10478852). U, E_c and G are
matrices over the axes. Their priors give each standard deviation a half Student t with two degrees of
freedom and each correlation a uniform distribution (Huang and Wand 2013, doi:10.1214/13-BA815).

All chains follow the draws of the answers, some sweeps at each. b and g are drawn together with u integrated
out: drawn in turn, the effect of what hardly changes within a state would move slowly against u. For the same
reason the sizes of U and E move with u integrated out, and that of G with b and g integrated out.
"""

from dataclasses import replace

import numpy as np
from threadpoolctl import threadpool_limits

from models.gibbs.covariances import (
    POINTS,
    ErrorPriors,
    Sweep,
    choose_factor,
    choose_size,
    choose_sizes,
    draw_covariance,
    log_prior_of_size,
    place_covariance,
    whiten,
)

CHAINS = 4
"""Chains, side by side in one array."""
WARM_UP = 150
SWEEPS = (4, 20)
"""Fewest and most sweeps at each draw of the answers, unless more are asked for."""
ENOUGH = 16_000
"""Sweeps of all chains together, up to the most at each draw."""


def draw_clustered(
    answer: np.ndarray,
    design: np.ndarray,
    scale: np.ndarray,
    group_idx: np.ndarray,
    present: np.ndarray,
    priors: ErrorPriors,
    rng: np.random.Generator,
    needed: int = 1,
    longer: int = 1,
) -> dict[str, np.ndarray]:
    """Draw from the posterior given each draw of the answers, some sweeps at each.

    Parameters
    ----------
    answer : np.ndarray
        (sample, case, state, axis), float.
    design : np.ndarray
        (1 or sample, case, state, column), float: X, the same for all samples or one for each.
    scale : np.ndarray
        (column,): prior standard deviations of b.
    group_idx : np.ndarray
        (state,), int: the state's group.
    present : np.ndarray
        (case, state), bool: the answers that count.
    priors : ErrorPriors
    rng : np.random.Generator
    needed : int
        Fewest draws at each draw of the answers, of all chains together.
    longer : int
        How many times as long the warm-up and the chains are.

    Returns
    -------
    dict of str to np.ndarray
        Every sweep after the warm-up, in order. ``coefficient`` (chain, draw, case, column, axis): b.
        ``state_covariance``, ``group_covariance`` (chain, draw, axis, axis): U and G, 0 where they are left
        out. ``residual_covariance`` (chain, draw, case, axis, axis): E. ``sample`` (draw,), int: the answers
        that were used.
    """
    n_sample, n_case, n_state, n_axis = answer.shape
    fewest = max(np.clip(ENOUGH // (CHAINS * n_sample), *SWEEPS), -(-needed // CHAINS))
    n_sweep, n_warm = longer * int(fewest), longer * WARM_UP
    rows = np.moveaxis(np.where(present[:, :, None], answer, 0.0), 1, 2).reshape(n_sample, 1, n_state, -1)
    model = _Model(n_case, n_axis, scale, group_idx, present, priors, rng)
    sweep, kept = model.start(CHAINS), []
    columns = model.place_columns(design) if len(design) == 1 else None
    # The matrices are small: more threads would wait for each other.
    with threadpool_limits(limits=1):
        for sample in range(n_sample):
            here = columns if columns is not None else model.place_columns(design[[sample]])
            for _ in range(n_sweep if sample else n_warm + n_sweep):
                sweep = model.sweep(sweep, rows[sample], here)
                kept.append(sweep)
    kept = kept[n_warm:]

    def gather(name: str) -> np.ndarray:
        return np.stack([getattr(sweep, name) for sweep in kept], 1)

    own = gather("coefficient")[..., : len(model.precision)]
    return {
        "coefficient": np.moveaxis(own.reshape(*own.shape[:2], n_case, n_axis, -1), 3, 4),
        "state_covariance": gather("state"),
        "group_covariance": gather("group"),
        "residual_covariance": gather("residual"),
        "sample": np.repeat(np.arange(n_sample), n_sweep),
    }


class _Model:
    """The parts that stay the same over sweeps, and one sweep."""

    def __init__(self, n_case, n_axis, scale, group_idx, present, priors, rng):
        self.n_case, self.n_axis, self.priors, self.rng = n_case, n_axis, priors, rng
        self.group_idx, self.present = group_idx, present.T
        self.n_group = 0 if priors.group_scale is None else group_idx.max() + 1
        self.precision = np.tile(1 / scale**2, n_case * n_axis)
        # States that are in the same cases have the same covariance.
        patterns, self.pattern_idx = np.unique(self.present, axis=0, return_inverse=True)
        self.pattern_idx = self.pattern_idx.ravel()
        self.rows_of = [np.flatnonzero(np.repeat(pattern, n_axis)) for pattern in patterns]
        self.n_row = self.present.sum(1) * n_axis

    def start(self, n_chain: int) -> Sweep:
        """Start apart: errors of every size from a tenth to four times their prior scale."""
        eye = np.eye(self.n_axis)

        def covariance(scale: float | None, *shape: int) -> np.ndarray:
            factor = np.exp(self.rng.uniform(np.log(0.1), np.log(4), size=(n_chain, *shape, 1, 1)))
            return np.zeros((n_chain, *shape, 1, 1)) * eye if scale is None else (scale * factor) ** 2 * eye

        df = self.priors.tail_df
        shape = (n_chain, len(self.group_idx))
        return Sweep(
            coefficient=np.zeros((n_chain, len(self.precision) + self.n_group * self.n_axis)),
            weight=np.ones(shape) if df is None else self.rng.gamma(df / 2, 2 / df, size=shape),
            state=covariance(self.priors.state_scale),
            group=covariance(self.priors.group_scale),
            residual=covariance(self.priors.residual_scale, self.n_case),
        )

    def place_columns(self, design: np.ndarray) -> np.ndarray:
        """Return the design of every state, (1, state, case and axis, coefficient)."""
        n_design, n_case, n_state, _ = design.shape
        eye = np.eye(self.n_axis)
        seen = design * self.present.T[:, :, None]
        own = np.einsum("kcsq,cd,ab->kscadbq", seen, np.eye(n_case), eye)
        own = own.reshape(n_design, n_state, n_case * self.n_axis, -1)
        member = np.arange(self.n_group) == self.group_idx[:, None]
        shared = np.einsum("sc,sg,ab->scagb", self.present.astype(float), member, eye)
        shared = shared.reshape(1, n_state, n_case * self.n_axis, -1)
        return np.concatenate([own, shared], -1)

    def sweep(self, last: Sweep, rows: np.ndarray, columns: np.ndarray) -> Sweep:
        """Draw coefficients, weights, state effects and covariances in turn."""
        last = self._draw_coefficients(last, rows, columns)
        error = rows - (columns @ last.coefficient[:, None, :, None])[..., 0]
        last = self._draw_weights(last, error)
        error = error * np.sqrt(last.weight)[..., None]
        last = self._move_error_sizes(last, error)
        effect = self._draw_state_effects(last, error)
        left = error.reshape(*error.shape[:2], self.n_case, self.n_axis) - effect[:, :, None]
        left = left * self.present[:, :, None]
        group = last.coefficient[:, len(self.precision) :].reshape(len(error), self.n_group, self.n_axis)
        priors, number = self.priors, self.present.sum(0)
        residual = [
            draw_covariance(last.residual[:, c], left[:, :, c], number[c], priors.residual_scale, self.rng)
            for c in range(self.n_case)
        ]
        return replace(
            last,
            state=draw_covariance(last.state, effect, effect.shape[1], priors.state_scale, self.rng),
            group=draw_covariance(last.group, group, self.n_group, priors.group_scale, self.rng),
            residual=np.stack(residual, 1),
        )

    def _whiten(self, last):
        return whiten(place_covariance(last.state, last.residual), self.rows_of)

    def _move_error_sizes(self, last: Sweep, error: np.ndarray) -> Sweep:
        """Choose the sizes of U and of each E given the weighted errors, u integrated out."""
        scatter = []
        for number, rows in enumerate(self.rows_of):
            these = error[:, self.pattern_idx == number][..., rows]
            scatter.append((these.mT @ these, these.shape[1]))

        def log_likelihood(state: np.ndarray, residual: np.ndarray) -> np.ndarray:
            """Log density of the errors at (chain, point) covariances."""
            whole = place_covariance(state, residual)
            total = np.zeros(whole.shape[:2])
            for rows, (squares, size) in zip(self.rows_of, scatter, strict=True):
                part = whole[..., rows[:, None], rows]
                total -= size / 2 * np.linalg.slogdet(part)[1]
                total -= np.trace(np.linalg.solve(part, squares[:, None]), axis1=-2, axis2=-1) / 2
            return total

        def repeat(covariance: np.ndarray) -> np.ndarray:
            return np.repeat(covariance[:, None], POINTS, 1)

        residual, priors = last.residual.copy(), self.priors
        for case in range(self.n_case):
            every = repeat(residual)

            def of_residual(moved: np.ndarray, every=every, case=case) -> np.ndarray:
                every[:, :, case] = moved
                return log_likelihood(repeat(last.state), every)

            residual[:, case] = choose_sizes(residual[:, case], priors.residual_scale, of_residual, self.rng)
        if priors.state_scale is None:
            return replace(last, residual=residual)
        every = repeat(residual)
        state = choose_sizes(
            last.state, priors.state_scale, lambda moved: log_likelihood(moved, every), self.rng
        )
        return replace(last, residual=residual, state=state)

    def _draw_coefficients(self, last: Sweep, rows: np.ndarray, columns: np.ndarray) -> Sweep:
        """Choose the size of G with b and g integrated out, then draw b and g."""
        n_chain, size, n_own = CHAINS, columns.shape[-1], len(self.precision)
        by_weight = self._whiten(last)[:, self.pattern_idx] * np.sqrt(last.weight)[..., None, None]
        design = (by_weight @ columns).reshape(n_chain, -1, size)
        answer = (by_weight @ rows[..., None]).reshape(n_chain, -1, 1)
        precision, explained = design.mT @ design, design.mT @ answer
        own = np.arange(n_own)
        precision[:, own, own] += self.precision
        if self.n_group:
            last = replace(last, group=self._choose_group_size(last.group, precision, explained))
            precision[:, n_own:, n_own:] += np.kron(np.eye(self.n_group), np.linalg.inv(last.group))
        factor = np.linalg.cholesky(precision)
        noise = self.rng.normal(size=(n_chain, size, 1))
        # (F F')^-1 (X'y + F z) has the posterior's mean and covariance.
        drawn = np.linalg.solve(precision, explained + factor @ noise)[..., 0]
        return replace(last, coefficient=drawn)

    def _choose_group_size(
        self, group: np.ndarray, precision: np.ndarray, explained: np.ndarray
    ) -> np.ndarray:
        """Choose the size of G given the normal equations, without the prior of g."""
        n_own = len(self.precision)
        # b integrated out; then g whitened by its prior, and on the axes of what the answers say of it.
        projected = np.linalg.solve(precision[:, :n_own, :n_own], precision[:, :n_own, n_own:]).mT
        information = precision[:, n_own:, n_own:] - projected @ precision[:, :n_own, n_own:]
        right = explained[:, n_own:] - projected @ explained[:, :n_own]
        root = np.kron(np.eye(self.n_group), np.linalg.cholesky(group))
        value, vector = np.linalg.eigh(root.mT @ information @ root)
        known = ((vector.mT @ root.mT @ right)[..., 0] ** 2)[:, None]

        def log_likelihood(factor: np.ndarray, _moved: np.ndarray) -> np.ndarray:
            square = factor[..., None] ** 2
            grown = 1 + square * value[:, None]
            return ((square * known / grown) - np.log(grown)).sum(-1) / 2

        return choose_size(group, self.priors.group_scale, log_likelihood, self.rng)

    def _draw_weights(self, last: Sweep, error: np.ndarray) -> Sweep:
        """Draw the weights, then multiply them, U and E by one number: V / w stays as it is."""
        if (df := self.priors.tail_df) is None:
            return last
        root = self._whiten(last)[:, self.pattern_idx]
        squares = ((root @ error[..., None])[..., 0] ** 2).sum(-1)
        weight = self.rng.gamma((df + self.n_row) / 2, 2 / (df + squares))
        priors, n_state = self.priors, weight.shape[1]
        covariances = [(last.residual[:, case], priors.residual_scale) for case in range(self.n_case)]
        if priors.state_scale is not None:
            covariances.append((last.state, priors.state_scale))

        def log_density(factor: np.ndarray) -> np.ndarray:
            density = df / 2 * (2 * n_state * np.log(factor) - factor**2 * weight.sum(1)[:, None])
            for covariance, scale in covariances:
                density += log_prior_of_size(covariance, factor, scale)
            return density

        square = choose_factor(len(weight), log_density, self.rng) ** 2
        return replace(
            last,
            weight=weight * square[:, None],
            state=last.state * square[:, None, None],
            residual=last.residual * square[:, None, None, None],
        )

    def _draw_state_effects(self, last: Sweep, error: np.ndarray) -> np.ndarray:
        """Draw u (chain, state, axis) given b and g; u and ``error`` times the root of the state's weight."""
        if self.priors.state_scale is None:
            return np.zeros((*error.shape[:2], self.n_axis))
        roots = self._whiten(last)
        # R times the covariance of a state's rows with u; the mean of u is gain' R error.
        gain = roots @ np.kron(np.ones((self.n_case, 1)), last.state)[:, None]
        remainder = np.linalg.cholesky(last.state[:, None] - gain.mT @ gain)
        of_state = (gain.mT @ roots)[:, self.pattern_idx]
        noise = self.rng.normal(size=(*error.shape[:2], self.n_axis, 1))
        return (of_state @ error[..., None] + remainder[:, self.pattern_idx] @ noise)[..., 0]
