# SPDX-License-Identifier: LGPL-2.1-or-later
"""What `make demo` runs: it must not break unseen."""

import subprocess
import sys

from image import cache


def test_demo_proves_everything():
    demo = cache.PROJECT / "tests/demo/demo.py"
    done = subprocess.run([sys.executable, demo], check=False, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "everything proved" in done.stdout
    assert "FAIL" not in done.stdout
