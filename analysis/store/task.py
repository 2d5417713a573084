"""A task: one piece of work, with a key made of everything that its result depends on."""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from analysis.store.code import hash_code
from analysis.store.keys import AFTER_SAMPLING, hash_content, package_versions


@dataclass(frozen=True, eq=False)
class Task:
    """One piece of work, and everything that its result depends on.

    Every fit is a task, in the main job and in the studies.

    Attributes
    ----------
    kind : str
        Kind of result, as one word: ``ideal_point``, ``total``, ``effects``. Its file begins with it.
    name : str
        Name that users see while the task runs.
    make : callable
        ``make(data, fits, settings, cores, progress)`` makes the result: a ``pd.DataFrame``, an object with a
        ``table``, or a fit, which is an ``xr.DataTree`` with the attribute ``convergence``. It must be at the
        top of a module, so that a worker can import it. ``fits`` are the results of ``needs``, in order.
    settings : object
        The variant, or the settings of a study. Whatever ``make`` uses of them must be in ``content``.
    data : object
        Votes, a panel, or both. Whatever ``make`` uses of them must be in ``content`` as a hash.
    content : dict
        Everything else that the result depends on, besides code, package versions and ``needs``.
    about : dict
        Sources of the data, as JSON text, to explain why two keys differ. Not part of the key.
    needs : tuple of Task
        Tasks whose results this one uses. Their keys are part of its own.
    """

    kind: str
    name: str
    make: Callable
    settings: Any
    data: Any
    content: dict
    about: dict = field(default_factory=dict)
    needs: tuple["Task", ...] = ()

    @cached_property
    def whole(self) -> dict:
        """Everything in the key: kind, code, versions, content, and the keys of ``needs``."""
        versions = {k: v for k, v in package_versions().items() if k not in AFTER_SAMPLING}
        record = {"kind": self.kind, "code": hash_code(self.make), "versions": versions, **self.content}
        return record | ({"needs": [need.key for need in self.needs]} if self.needs else {})

    @cached_property
    def data_key(self) -> str:
        """Hash of the data alone."""
        return hash_content([self.content.get("votes"), self.content.get("panel")])[:24]

    @cached_property
    def key(self) -> str:
        """Name under which the result is stored."""
        return f"{self.kind}-{hash_content(self.whole)[:24]}"
