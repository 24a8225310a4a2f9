"""Password hashes are computed two at a time, in their turn, by as many threads; nobody waits in vain."""

import subprocess
import sys
import time

import eventlet
import pytest

from schemas.errors import Busy
from services.user.passwords import AT_ONCE, HashQueue

# In a process of its own, because threads and arenas stay until a process ends. `malloc_info` is glibc's.
COUNTING = """
import eventlet
eventlet.monkey_patch()
import ctypes, os, re
from services.user.passwords import HashQueue, Passwords

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

passwords = Passwords(HashQueue(workers=100))
before = counted()
rush = [eventlet.spawn(passwords.make_hash, "correct horse") for _ in range(24)]
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


def slow(_: str) -> float:
    time.sleep(0.05)
    return time.monotonic()


def test_hashes_are_computed_in_the_order_in_which_they_were_asked_for() -> None:
    queue = HashQueue(workers=100)
    asked = [eventlet.spawn(queue.run, None, slow, "") for _ in range(8)]

    ended = [each.wait() for each in asked]

    rounds = [min(ended[i:i + AT_ONCE]) for i in range(0, len(ended), AT_ONCE)]
    assert rounds == sorted(rounds)


def test_a_call_whose_turn_would_come_after_its_deadline_is_refused_at_once() -> None:
    queue = HashQueue(workers=100)
    rush = [eventlet.spawn(queue.run, None, slow, "") for _ in range(20)]
    eventlet.sleep(0)

    with pytest.raises(Busy):
        queue.check(time.time() + 0.2)
    queue.check(time.time() + 20)
    for each in rush:
        each.wait()
    queue.check(time.time() + 0.2)


def test_a_call_that_waits_longer_than_was_estimated_is_refused_at_its_deadline() -> None:
    queue = HashQueue(workers=100)
    ahead = [eventlet.spawn(queue.run, None, lambda _: time.sleep(0.6), "") for _ in range(AT_ONCE)]
    eventlet.sleep(0)

    began = time.monotonic()
    with pytest.raises(Busy):
        queue.run(time.time() + 0.2, slow, "")
    assert time.monotonic() - began < 0.5

    for each in ahead:
        each.wait()
    assert queue.run(time.time() + 5, slow, "")
