"""Loaded before settings are: tests write into a folder of their own, never into the checkout's .run or media."""

import atexit
import os
import shutil
import tempfile

_folder = tempfile.mkdtemp(prefix="plugzero-tests-")
atexit.register(shutil.rmtree, _folder, ignore_errors=True)
os.environ["PLUGZERO_RUN_DIR"] = f"{_folder}/run"
os.environ["MEDIA_ROOT"] = f"{_folder}/media"
os.environ["DATASET_CACHE_DIR"] = f"{_folder}/cache"
