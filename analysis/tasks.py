"""Task kinds of analysis."""

from __future__ import annotations

from uuid import UUID

from analysis.services import runs
from plugzero_api.kernel.tasks import ResultRef, Run, micro_task


@micro_task(runs.RUN_TASK, queue="compute", soft_limit=1800, permission="analysis.run")
def run_procedure(run: Run, *, result_id: str) -> ResultRef:
    """Compute a stored but still empty result."""
    return runs.compute_result(run, result_id=UUID(result_id))
