import subprocess
import sys

import pytest

#: Thirty blocks of 2 MiB: more than glibc keeps once such blocks were freed, less than it keeps at its ceiling.
WORK = """
import resource, sys
import numpy
from workers import allocator

def work():
    return [numpy.ones(2 << 20, dtype=numpy.uint8) for _ in range(30)]

def faults():
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt

if sys.argv[1] == "held":
    assert allocator.hold().endswith("thresholds at their ceilings")
for _ in range(5):
    work()
began = faults()
for _ in range(5):
    work()
print(faults() - began)
"""


def pages_taken_again(how: str) -> int:
    done = subprocess.run([sys.executable, "-c", WORK, how], check=True, capture_output=True, text=True)
    return int(done.stdout)


@pytest.mark.skipif(sys.platform != "linux", reason="glibc's own allocator")
def test_repeated_work_takes_no_memory_from_the_system_again() -> None:
    assert pages_taken_again("held") < 100 < 10_000 < pages_taken_again("as it is")
