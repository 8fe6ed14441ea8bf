"""What memory size buys: start-up and answer times at the share of a processor that Lambda gives to it.

usage: memory.py BINARY EVENT.json

Lambda gives 1,769 MB one processor and less memory its share of one (Lambda developer guide, "Configure
function memory"). Here a control group does the same; that needs root and Linux. The environment is that of
measure.py. Times are medians in milliseconds.
"""

import os
import pathlib
import statistics
import sys

from measure import run

COLD_STARTS = 9
PERIOD_US = 20_000
V1 = pathlib.Path("/sys/fs/cgroup/cpu")
V2 = pathlib.Path("/sys/fs/cgroup")


class Share:
    """A control group with the processor share of a memory size."""

    def __init__(self, memory_mb):
        quota = max(1_000, int(PERIOD_US * memory_mb / 1_769))
        self.group = (V1 if V1.is_dir() else V2) / f"phoneproof-{memory_mb}"
        self.group.mkdir(exist_ok=True)
        if V1.is_dir():
            (self.group / "cpu.cfs_period_us").write_text(str(PERIOD_US))
            (self.group / "cpu.cfs_quota_us").write_text(str(quota))
        else:
            (self.group / "cpu.max").write_text(f"{quota} {PERIOD_US}")

    def wrapper(self):
        """Joins the group before it becomes the function."""
        return ["sh", "-c", f'echo $$ > {self.group}/cgroup.procs; exec "$0"']

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.group.rmdir()


def main(binary, event):
    print(f"{pathlib.Path(binary).parent.name}: memory, ready after, first answer, warm answer (ms)")
    for memory_mb in (128, 256, 512, 1_024, 1_769):
        with Share(memory_mb) as share:
            lives = [run(binary, event, share.wrapper())[0] for _ in range(COLD_STARTS)]
        ready = statistics.median(life.ready_after for life in lives)
        first = statistics.median(life.took[0] for life in lives)
        warm = statistics.median(took for life in lives for took in life.took[5:])
        print(f"{memory_mb:6} MB {ready * 1e3:8.1f} {first * 1e3:8.1f} {warm * 1e3:8.1f}")


if __name__ == "__main__":
    if os.geteuid():
        sys.exit("memory.py: control groups need root")
    main(*sys.argv[1:])
