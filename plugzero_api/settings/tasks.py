"""Celery: the filesystem broker by default, Redis by ``REDIS_URL``; the truth about a task is its row."""

from plugzero_api.settings import env
from plugzero_api.settings.core import RUN_DIR

REDIS_URL = env.text("REDIS_URL")
TASK_QUEUES = ("default", "compute", "crawl", "ai")
TASK_HARD_LIMIT_MAX = 6 * 3600

if REDIS_URL:
    CELERY_BROKER_URL = REDIS_URL
    CELERY_BROKER_TRANSPORT_OPTIONS: dict[str, object] = {
        # Longer than any task may run: a message is never delivered again while its task is alive.
        "visibility_timeout": TASK_HARD_LIMIT_MAX + 600,
        "socket_timeout": 2,
        "socket_connect_timeout": 2,
        "health_check_interval": 25,
        "retry_on_timeout": False,
    }
else:
    _broker_dir = RUN_DIR / "broker"
    for _folder in (_broker_dir / "queue", _broker_dir / "control"):
        _folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    CELERY_BROKER_URL = "filesystem://"
    CELERY_BROKER_TRANSPORT_OPTIONS = {
        "data_folder_in": str(_broker_dir / "queue"),
        "data_folder_out": str(_broker_dir / "queue"),
        "control_folder": str(_broker_dir / "control"),
        "polling_interval": 0.05,
    }

CELERY_TASK_DEFAULT_QUEUE = "default"
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
# The row's lease decides about a lost worker; the broker must not start a poisonous task again and again.
CELERY_TASK_REJECT_ON_WORKER_LOST = False
CELERY_TASK_PUBLISH_RETRY = False
CELERY_TASK_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TASK_CREATE_MISSING_QUEUES = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
# After a lost broker connection this would lower the prefetch count to nothing and never raise it again.
CELERY_WORKER_ENABLE_PREFETCH_COUNT_REDUCTION = False
CELERY_WORKER_MAX_TASKS_PER_CHILD = env.number("WORKER_MAX_TASKS_PER_CHILD", 200)
CELERY_WORKER_MAX_MEMORY_PER_CHILD = env.number("WORKER_MAX_MEMORY_KB", 1_500_000)
CELERY_WORKER_CANCEL_LONG_RUNNING_TASKS_ON_CONNECTION_LOSS = False
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
# A killed child frees its place after this long; ten seconds (the default) would stall the queue behind it.
CELERY_WORKER_LOST_WAIT = 1.0
CELERY_WORKER_SEND_TASK_EVENTS = False
# Cancelling is a column the task reads; the broker needs no control channel.
CELERY_WORKER_ENABLE_REMOTE_CONTROL = False
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_CONNECTION_MAX_RETRIES = None
CELERY_BEAT_SCHEDULER = "plugzero_api.kernel.tasks.beat:ManifestScheduler"
CELERY_BEAT_MAX_LOOP_INTERVAL = 1
CELERY_TIMEZONE = "UTC"

# The lease of a running task, its heartbeat, and how the reconciler looks after rows (seconds).
TASK_LEASE_SECONDS = env.number("TASK_LEASE_SECONDS", 60)
TASK_HEARTBEAT_SECONDS = env.number("TASK_HEARTBEAT_SECONDS", 15)
TASK_RECONCILE_SECONDS = env.number("TASK_RECONCILE_SECONDS", 5)
TASK_REPUBLISH_SECONDS = env.number("TASK_REPUBLISH_SECONDS", 30)
# How long a stopping worker may go on with what it runs before handing it back.
TASK_DRAIN_SECONDS = env.number("TASK_DRAIN_SECONDS", 25)
# A run that crashes its worker this often is given up.
TASK_MAX_CRASHES = 3
# How many unfinished runs one team may have per queue; the next start is answered 429.
TASK_TEAM_LIMITS = {
    "default": env.number("TASK_TEAM_LIMIT_DEFAULT", 500),
    "compute": env.number("TASK_TEAM_LIMIT_COMPUTE", 100),
    "crawl": env.number("TASK_TEAM_LIMIT_CRAWL", 20),
    "ai": env.number("TASK_TEAM_LIMIT_AI", 50),
}
TASK_RETENTION_DAYS = env.number("TASK_RETENTION_DAYS", 90)
# Public base URL of the event-stream process; empty where a proxy puts it under the API's own address.
PLUGZERO_EVENTS_URL = env.text("PLUGZERO_EVENTS_URL")

# Bases below these are flagged, or not published at all.
ANALYSIS_FLAG_BELOW = env.number("ANALYSIS_FLAG_BELOW", 30)
ANALYSIS_SUPPRESS_BELOW = env.number("ANALYSIS_SUPPRESS_BELOW", 5)
# Threads and memory one analysis may use; 0 threads means all cores.
ANALYSIS_THREADS = env.number("ANALYSIS_THREADS", 0)
ANALYSIS_MEMORY_BYTES = env.number("ANALYSIS_MEMORY_BYTES", 512 * 1024**2)
