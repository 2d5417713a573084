"""One piece of work, keyed by all that its result depends on."""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from analysis.store.code import hash_code
from analysis.store.keys import AFTER_SAMPLING, hash_content, package_versions


@dataclass(frozen=True, eq=False)
class Task:
    """One piece of work, with all that its result depends on.

    Every fit of the project is a task: those of the main job, and those of the studies beside it.

    Attributes
    ----------
    kind : str
        What is made, as one word: ``ideal_point``, ``total``, ``effects``. The file's name begins with it.
    name : str
        What the user reads while the task runs.
    make : callable
        ``make(data, fits, settings, cores, progress)`` makes the result: an ``xr.DataTree`` (a fit, with the
        attribute ``convergence``), a ``pd.DataFrame``, or an object with a ``table``. It stands at the top of a
        module, so that a worker can import it. ``fits`` are the results of ``needs``, in their order.
    settings : object
        The variant, or a study's own settings. Everything in it that ``make`` uses must be in ``content``.
    data : object
        Votes, a panel, or both. What ``make`` uses of it must be in ``content`` as a hash.
    content : dict
        What the result depends on besides code, package versions and ``needs``.
    about : dict
        Where the data come from, as JSON text: it explains to people why two keys differ. No part of the key.
    needs : tuple of Task
        Tasks whose results this one takes. Their keys are part of its own.
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
        """All that the key is made of: kind, code, versions, content, and the keys of ``needs``."""
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
