"""Secrets, hosts, headers, passwords. Production refuses to start without its own keys and hosts."""

from __future__ import annotations

import base64
import hashlib
import secrets
from pathlib import Path

from corsheaders.defaults import default_headers
from django.core.exceptions import ImproperlyConfigured

from plugzero_api.settings import env
from plugzero_api.settings.core import DEBUG, RUN_DIR

# "development" generates and keeps its secrets under RUN_DIR; "production" takes them from the environment only.
ENVIRONMENT = env.text("PLUGZERO_ENVIRONMENT", "development")
if ENVIRONMENT not in {"development", "production"}:
    raise ImproperlyConfigured("PLUGZERO_ENVIRONMENT must be 'development' or 'production'.")
PRODUCTION = ENVIRONMENT == "production"
MINIMUM_SECRET_LENGTH = 50

if PRODUCTION and DEBUG:
    raise ImproperlyConfigured("DEBUG must be off when PLUGZERO_ENVIRONMENT=production.")


def _generated(path: Path) -> str:
    """A secret made once per installation and readable by its owner only."""
    if not path.exists():
        path.touch(mode=0o600)
        path.write_text(secrets.token_urlsafe(64))
    return path.read_text().strip()


def _secret(name: str) -> str:
    value = env.text(name)
    if value:
        if not DEBUG and (len(value) < MINIMUM_SECRET_LENGTH or len(set(value)) < 10 or "insecure" in value):
            raise ImproperlyConfigured(
                f"{name} is a default or too short: give at least {MINIMUM_SECRET_LENGTH} random characters."
            )
        return value
    if PRODUCTION:
        raise ImproperlyConfigured(f"{name} must be set when PLUGZERO_ENVIRONMENT=production.")
    return _generated(RUN_DIR / f"{name.lower()}.txt")


SECRET_KEY = _secret("SECRET_KEY")
# Tokens are signed by a key of their own. The first key signs; all of them verify, which makes rotation possible.
JWT_SIGNING_KEYS = env.names("JWT_SIGNING_KEYS") or [_secret("JWT_SIGNING_KEY")]
if not DEBUG and any(len(key) < MINIMUM_SECRET_LENGTH for key in JWT_SIGNING_KEYS):
    raise ImproperlyConfigured(f"Each of JWT_SIGNING_KEYS needs at least {MINIMUM_SECRET_LENGTH} characters.")
if SECRET_KEY in JWT_SIGNING_KEYS:
    raise ImproperlyConfigured("JWT_SIGNING_KEYS must not contain SECRET_KEY.")
# Keys of the encrypted fields, newest first: the first encrypts, all decrypt.
PLUGZERO_FIELD_KEYS = [
    base64.urlsafe_b64encode(hashlib.sha256(f"plugzero-field:{key}".encode()).digest()).decode()
    for key in (env.names("PLUGZERO_FIELD_KEYS") or [_secret("PLUGZERO_FIELD_KEY")])
]

ALLOWED_HOSTS = env.names("ALLOWED_HOSTS", "" if PRODUCTION else "127.0.0.1,localhost,[::1]")
if PRODUCTION and not ALLOWED_HOSTS:
    raise ImproperlyConfigured("ALLOWED_HOSTS must be set when PLUGZERO_ENVIRONMENT=production.")
if not DEBUG and "*" in ALLOWED_HOSTS:
    raise ImproperlyConfigured("ALLOWED_HOSTS must name the hosts; '*' is refused when DEBUG is off.")

MIDDLEWARE = [
    "plugzero_api.kernel.api.middleware.RequestContextMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "plugzero_api.kernel.api.middleware.SecurityHeadersMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "corsheaders.middleware.CorsMiddleware",
    "plugzero_api.kernel.api.middleware.BodyLimitMiddleware",
    # Session, CSRF, user and messages serve the staff admin; they are lazy, so the API does not pay for them.
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
]

PASSWORD_HASHERS = ["django.contrib.auth.hashers.Argon2PasswordHasher"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 8}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]

# HTTPS is the default in production; an operator whose proxy ends TLS elsewhere can switch it off knowingly.
SECURE_HTTPS = env.flag("PLUGZERO_HTTPS", PRODUCTION)
SECURE_SSL_REDIRECT = SECURE_HTTPS
SECURE_REDIRECT_EXEMPT = [r"^health/"]
SECURE_HSTS_SECONDS = 31_536_000 if SECURE_HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HTTPS
SECURE_HSTS_PRELOAD = SECURE_HTTPS
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
if env.flag("PLUGZERO_TRUST_PROXY_PROTO", False):
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
# How many proxies of ours stand in front; X-Forwarded-For is ignored beyond them (0: ignored altogether).
PLUGZERO_TRUSTED_PROXIES = env.number("PLUGZERO_TRUSTED_PROXIES", 0)

SESSION_COOKIE_SECURE = SECURE_HTTPS
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Strict"
SESSION_COOKIE_AGE = 8 * 3600
CSRF_COOKIE_SECURE = SECURE_HTTPS
CSRF_COOKIE_SAMESITE = "Strict"
X_FRAME_OPTIONS = "DENY"

PLUGZERO_ADMIN_ENABLED = env.flag("PLUGZERO_ADMIN_ENABLED", not PRODUCTION)
PLUGZERO_ADMIN_PATH = env.text("PLUGZERO_ADMIN_PATH", "admin/").lstrip("/").rstrip("/") + "/"
# In development staff may sign in without a second factor; whoever has one must always show it.
PLUGZERO_ADMIN_REQUIRE_TWO_FACTOR = env.flag("PLUGZERO_ADMIN_REQUIRE_TWO_FACTOR", PRODUCTION)
PLUGZERO_ADMIN_ALLOW_IPS = env.names("PLUGZERO_ADMIN_ALLOW_IPS")

CORS_ALLOWED_ORIGINS = env.names(
    "CORS_ALLOWED_ORIGINS", "" if PRODUCTION else "http://127.0.0.1:3000,http://localhost:3000"
)
CORS_ALLOW_CREDENTIALS = False
CORS_ALLOW_HEADERS = (*default_headers, "x-team-id", "idempotency-key", "if-none-match", "upload-offset")
CORS_EXPOSE_HEADERS = [
    "ETag",
    "Location",
    "Retry-After",
    "X-Request-ID",
    "Upload-Offset",
    "Content-Disposition",
]
CORS_PREFLIGHT_MAX_AGE = 3600

# Hosts or networks that fetches of user-supplied URLs may reach although they are not public; empty by default.
PLUGZERO_FETCH_ALLOW_HOSTS = env.names("PLUGZERO_FETCH_ALLOW_HOSTS")

DATA_UPLOAD_MAX_MEMORY_SIZE = 2_621_440
# Bodies of JSON requests; uploads have their own cap below.
PLUGZERO_MAX_BODY_BYTES = env.number("PLUGZERO_MAX_BODY_BYTES", 1_048_576)
PLUGZERO_MAX_UPLOAD_BYTES = env.number("PLUGZERO_MAX_UPLOAD_BYTES", 5 * 1024**3)
# Files fetched from an address a user gave.
PLUGZERO_MAX_FETCH_BYTES = env.number("PLUGZERO_MAX_FETCH_BYTES", 1024**3)
