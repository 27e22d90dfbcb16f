"""What is installed, where requests go, which language and time zone."""

from plugzero_api.kernel.discovery import enabled_apps
from plugzero_api.settings import env

BASE_DIR = env.BASE_DIR
# Everything the embedded default writes (database, broker, generated secrets) lives in this one folder.
RUN_DIR = BASE_DIR / env.text("PLUGZERO_RUN_DIR", ".run")
RUN_DIR.mkdir(mode=0o700, parents=True, exist_ok=True)

DEBUG = env.flag("DEBUG", False)

PLUGZERO_DISABLED_APPS = env.names("PLUGZERO_DISABLED_APPS")
PLUGZERO_TEAM_MODEL = "accounts.Team"
AUTH_USER_MODEL = "accounts.User"

INSTALLED_APPS = [
    "plugzero_api.kernel.apps.KernelConfig",
    *enabled_apps(BASE_DIR, PLUGZERO_DISABLED_APPS),
    "accounts.staff.StaffAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "corsheaders",
    "rest_framework",
    "django_filters",
    "drf_spectacular",
    "drf_spectacular_sidecar",
]

ROOT_URLCONF = "plugzero_api.urls"
WSGI_APPLICATION = "plugzero_api.wsgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]

DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
LANGUAGE_CODE = "en"
TIME_ZONE = "UTC"
USE_I18N = True
USE_TZ = True

# Where people reach the dashboard; links in e-mails point there.
PLUGZERO_DASHBOARD_URL = env.text("PLUGZERO_DASHBOARD_URL", "http://127.0.0.1:3000")
EMAIL_BACKEND = env.text("EMAIL_BACKEND", "django.core.mail.backends.filebased.EmailBackend")
EMAIL_FILE_PATH = str(RUN_DIR / "mail")
EMAIL_HOST = env.text("EMAIL_HOST", "localhost")
EMAIL_PORT = env.number("EMAIL_PORT", 25)
EMAIL_HOST_USER = env.text("EMAIL_HOST_USER")
EMAIL_HOST_PASSWORD = env.text("EMAIL_HOST_PASSWORD")
EMAIL_USE_TLS = env.flag("EMAIL_USE_TLS", False)
EMAIL_TIMEOUT = 10
DEFAULT_FROM_EMAIL = env.text("DEFAULT_FROM_EMAIL", "PlugZero Intelligence <no-reply@localhost>")
