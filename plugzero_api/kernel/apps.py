"""The kernel as a Django app: it owns the task rows, counters and schedules every micro-app shares."""

from datetime import timedelta

from plugzero_api.kernel.plugins import (
    CONTRIBUTORS,
    EVERYONE,
    Manifest,
    MicroAppConfig,
    NavigationItem,
    Permission,
    Schedule,
    installed_micro_apps,
)


class KernelConfig(MicroAppConfig):
    name = "plugzero_api.kernel"
    label = "kernel"
    manifest = Manifest(
        slug="kernel",
        title="Platform",
        description="Tasks, health, metrics and the description of the platform itself.",
        url_prefixes=("tasks", "meta"),
        foundation=True,
        permissions=(
            Permission("tasks.view", "See the team's task runs", EVERYONE),
            Permission("tasks.cancel", "Cancel a task run", CONTRIBUTORS),
        ),
        tasks=("kernel.purge_finished_runs",),
        schedules=(
            Schedule("kernel.purge_finished_runs", "kernel.purge_finished_runs", every=timedelta(hours=24)),
        ),
        navigation=(
            NavigationItem(
                "tasks", "Tasks", "/tasks", "activity", "tasks.view", section="workspace", order=90
            ),
        ),
    )

    def ready(self) -> None:
        from plugzero_api.kernel import checks, metrics  # noqa: F401  (registers checks and collectors)

        # Every process may start tasks, so every process must know all kinds.
        for config in installed_micro_apps():
            checks.load_conventional_module(config.name, "tasks")
