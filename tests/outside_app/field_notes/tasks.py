import ctypes
import os
import signal
import time

from field_notes.models import Note, Tick
from plugzero_api.kernel.tasks import ResultRef, Run, UpstreamUnavailable, micro_task


@micro_task("field_notes.tally", queue="default", soft_limit=60, permission="field_notes.write")
def tally(run: Run, *, key: str, seconds: float = 0.0, steps: int = 1) -> ResultRef:
    """Work for a while with checkpoints, then leave exactly one note."""
    for step in range(steps):
        run.progress(step, steps, stage="working")
        time.sleep(seconds / steps)
    with run.completing() as complete:
        note = Note.objects.create(key=key, attempt=run.attempt)
        result = ResultRef("note", str(note.pk), f"/api/v1/field-notes/{note.pk}/")
        complete(result)
    return result


@micro_task("field_notes.noop", queue="default", soft_limit=30)
def noop(run: Run) -> None:
    """Nothing: what is left is the cost of being a task."""


@micro_task("field_notes.crash", queue="default", soft_limit=60)
def crash(run: Run) -> None:
    """What running out of memory looks like: the process is gone."""
    os.kill(os.getpid(), signal.SIGKILL)


@micro_task("field_notes.hang", queue="default", soft_limit=2, hard_limit=4)
def hang(run: Run) -> None:
    """Stuck inside C code that lets no Python signal handler run."""
    libc = ctypes.PyDLL(None)  # PyDLL keeps the interpreter lock for the whole call
    end = time.monotonic() + 60
    while time.monotonic() < end:
        libc.usleep(900_000_000)


@micro_task("field_notes.flaky", queue="default", soft_limit=30, max_retries=3)
def flaky(run: Run, *, key: str, failures: int) -> None:
    """Fails like an upstream service ``failures`` times, then works."""
    if run.retries < failures:
        raise UpstreamUnavailable("The upstream said 503.", retry_after=1)
    with run.completing() as complete:
        Note.objects.create(key=key, attempt=run.attempt)
        complete(None)


@micro_task("field_notes.tick", queue="default", soft_limit=30)
def tick(run: Run) -> None:
    Tick.objects.create()
