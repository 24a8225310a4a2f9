"""Password hashes are computed two at a time, by as many threads; nobody waits in vain."""

import subprocess
import sys
import time

import pytest

from schemas.errors import Busy
from services.user.attempts.hashing_queue import HashingQueue
from services.user.attempts.source import ANYWHERE
from services.user.passwords import AT_ONCE

# In a process of its own, because threads and arenas stay until a process ends. `malloc_info` is glibc's.
COUNTING = """
import eventlet
eventlet.monkey_patch()
import ctypes, os, re
from services.user.attempts.source import Source
from services.user.passwords import Passwords, hashing_queue
from services.user.settings import load
from tests.unit.user.samples import SECTION

libc = ctypes.CDLL(None)
libc.fopen.restype = ctypes.c_void_p
libc.malloc_info.argtypes = [ctypes.c_int, ctypes.c_void_p]
libc.fclose.argtypes = [ctypes.c_void_p]

def counted():
    path = f"/tmp/malloc-info-{os.getpid()}".encode()
    file = libc.fopen(path, b"w")
    libc.malloc_info(0, file)
    libc.fclose(file)
    text = open(path).read()
    os.unlink(path)
    return len(os.listdir("/proc/self/task")), len(re.findall(r"<heap nr=", text))

passwords = Passwords(hashing_queue(load({"user": SECTION})))
before = counted()
rush = [eventlet.spawn(passwords.make_hash, "correct horse", Source(f"address {n}")) for n in range(24)]
for each in rush:
    each.wait()
print(*(after - earlier for after, earlier in zip(counted(), before)))
"""


def test_many_hashes_leave_no_more_threads_and_arenas_than_run_at_once() -> None:
    done = subprocess.run([sys.executable, "-c", COUNTING], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr

    threads, arenas = map(int, done.stdout.split())

    assert 1 <= threads <= AT_ONCE
    assert arenas <= AT_ONCE


def test_a_call_whose_turn_does_not_come_is_refused_at_its_deadline() -> None:
    queue = HashingQueue(1, 100, 60, 10)
    with queue.turn(ANYWHERE):
        began = time.time()
        with pytest.raises(Busy), queue.turn(ANYWHERE, began + 0.2):
            pass
        assert 0.1 < time.time() - began < 5
    with queue.turn(ANYWHERE, time.time() + 5):   # nobody is in the way any more
        pass
