"""The catalogue of procedures: every module in `analysis/logic/procedures/` that defines `PROCEDURE`.

Adding a procedure is adding one file there; nothing else has to be edited.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from analysis.contracts import ColumnMeta, ProcedureFamily, ProcedureOutput, Suggestion
from analysis.logic.context import RunContext
from analysis.logic.errors import ProcedureError, values_too_large
from analysis.logic.parameters import Parameters, used_columns, validate

if TYPE_CHECKING:
    from analysis.logic.frame import Frame
    from analysis.logic.script import ScriptContext

P = TypeVar("P", bound=Parameters)


def suggest_nothing(columns: Sequence[ColumnMeta]) -> Suggestion | None:
    """For procedures that no mere choice of columns calls for."""
    return None


@dataclass(frozen=True, slots=True)
class Partition(Generic[P]):
    """How a procedure runs over the parts of a partitioned Dataset.

    collect: picklable sufficient statistics of one part. merge: of two parts (associative).
    finish: the output from the statistics of the whole.
    """

    collect: Callable[[Frame, P, RunContext], Any]
    merge: Callable[[Any, Any], Any]
    finish: Callable[[Any, P, RunContext], ProcedureOutput]


@dataclass(frozen=True, slots=True)
class Procedure(Generic[P]):
    """A named computation.

    key: snake_case, never changed. question: what it answers, in the analyst's words.
    version: raised whenever figures can change; stored results of older versions are not reused.
    compute: pure function of frame, parameters and context.
    script: body of the stand-alone Python script; see `analysis.logic.script`.
    suggests: starting parameters when chosen columns call for this procedure.
    supports_weights: whether a weight column is honoured; a weighted run is refused otherwise.
    requirements: what the Dataset must offer, in plain words.
    cost: "interactive" (seconds on a million rows) or "heavy".
    """

    key: str
    title: str
    question: str
    family: ProcedureFamily
    version: int
    parameters: type[P]
    compute: Callable[[Frame, P, RunContext], ProcedureOutput]
    script: Callable[[P, ScriptContext], str]
    suggests: Callable[[Sequence[ColumnMeta]], Suggestion | None] = suggest_nothing
    requirements: tuple[str, ...] = ()
    supports_weights: bool = True
    randomised: bool = False
    cost: str = "interactive"
    partition: Partition[P] | None = None
    tags: tuple[str, ...] = field(default=())

    def validate(self, raw: Mapping[str, Any], columns: Sequence[ColumnMeta]) -> P:
        """Checked parameters; raises InvalidParameters."""
        return validate(self.parameters, raw, columns)

    def schema(self) -> dict[str, Any]:
        """JSON Schema (2020-12) of the parameters with the `x-` extension keys."""
        return self.parameters.model_json_schema()

    def export_script(self, parameters: P, context: ScriptContext) -> str:
        """The stand-alone Python script that reproduces a run."""
        from analysis.logic.script import stand_alone_script

        used = used_columns(parameters) or tuple(c.name for c in context.columns)
        return stand_alone_script(self.title, self.script(parameters, context), context, used)

    def run(self, frame: Frame, parameters: P, context: RunContext) -> ProcedureOutput:
        """Compute with the checks that hold for every procedure."""
        if frame.weight is not None and not self.supports_weights:
            raise ProcedureError(
                "weights_not_supported",
                f"{self.title} is not defined with a weight column; run it without one.",
                "/weight",
            )
        context.checkpoint("start", 0, 1)
        try:
            output = self.compute(frame, parameters, context)
        except OverflowError:
            # Plain floats raise where arrays give infinity; only values near the limits of a double get here.
            raise values_too_large(used_columns(parameters)) from None
        context.checkpoint("done", 1, 1)
        return output


@cache
def procedures() -> Mapping[str, Procedure[Any]]:
    """All procedures by key, in order of key. Raises RuntimeError when two files claim one key."""
    from analysis.logic import procedures as package

    found: dict[str, Procedure[Any]] = {}
    for module_info in pkgutil.iter_modules(package.__path__):
        module = importlib.import_module(f"{package.__name__}.{module_info.name}")
        procedure = getattr(module, "PROCEDURE", None)
        if procedure is None:
            continue
        if procedure.key in found:
            raise RuntimeError(f"two procedures with the key {procedure.key!r}")
        found[procedure.key] = procedure
    return dict(sorted(found.items()))


def find_procedure(key: str) -> Procedure[Any] | None:
    """The procedure with this key, or None."""
    return procedures().get(key)


def suggest(columns: Sequence[ColumnMeta], limit: int = 8) -> list[tuple[Procedure[Any], Suggestion]]:
    """Procedures that fit the chosen columns, best first."""
    ranked = []
    for procedure in procedures().values():
        suggestion = procedure.suggests(columns)
        if suggestion is not None and suggestion.score > 0:
            ranked.append((procedure, suggestion))
    ranked.sort(key=lambda pair: (-pair[1].score, pair[0].key))
    return ranked[:limit]
