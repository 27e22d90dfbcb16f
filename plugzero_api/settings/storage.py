"""Files: local folders by default, any S3-compatible store by ``S3_BUCKET``."""

from plugzero_api.settings import env
from plugzero_api.settings.core import BASE_DIR

MEDIA_ROOT = BASE_DIR / env.text("MEDIA_ROOT", "media")
STATIC_URL = "/static/"
STATIC_ROOT = BASE_DIR / "static" / "collected"
STATICFILES_DIRS = [BASE_DIR / "static" / "assets"]

S3_BUCKET = env.text("S3_BUCKET")
if S3_BUCKET:
    _default_storage: dict[str, object] = {
        "BACKEND": "storages.backends.s3.S3Storage",
        "OPTIONS": {
            "bucket_name": S3_BUCKET,
            "endpoint_url": env.text("S3_ENDPOINT_URL") or None,
            "access_key": env.text("S3_ACCESS_KEY") or None,
            "secret_key": env.text("S3_SECRET_KEY") or None,
            "region_name": env.text("S3_REGION") or None,
            # Objects are named by their content: writing one again changes nothing but its age.
            "file_overwrite": True,
            "default_acl": "private",
            "querystring_auth": True,
        },
    }
else:
    _default_storage = {
        "BACKEND": "django.core.files.storage.FileSystemStorage",
        "OPTIONS": {"location": str(MEDIA_ROOT), "file_permissions_mode": 0o600},
    }

STORAGES = {
    "default": _default_storage,
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedStaticFilesStorage"},
}
# Uploads are received beside their destination, so that keeping one is a rename.
FILE_UPLOAD_TEMP_DIR = MEDIA_ROOT / "incoming"
FILE_UPLOAD_TEMP_DIR.mkdir(mode=0o700, parents=True, exist_ok=True)
FILE_UPLOAD_HANDLERS = ["django.core.files.uploadhandler.TemporaryFileUploadHandler"]
# Dataset files are opened by path (DuckDB); with S3 they are kept in this bounded local cache.
DATASET_CACHE_DIR = BASE_DIR / env.text("DATASET_CACHE_DIR", ".run/dataset-cache")
DATASET_CACHE_BYTES = env.number("DATASET_CACHE_BYTES", 20 * 1024**3)
