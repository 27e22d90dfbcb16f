"""Put on PYTHONPATH of one worker: its wall clock is wrong by CLOCK_SKEW seconds."""

import os
import time

_skew = float(os.environ.get("CLOCK_SKEW", "0"))
_true_time = time.time
time.time = lambda: _true_time() + _skew
