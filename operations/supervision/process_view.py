"""What `ps` and /proc show of a process: its command line, its environment and its name."""

import ctypes
import os
import struct
from pathlib import Path

PR_SET_NAME, PR_SET_MM, PR_SET_MM_MAP = 15, 35, 14
_libc = ctypes.CDLL(None, use_errno=True)
_libc.sbrk.restype, _libc.sbrk.argtypes = ctypes.c_void_p, [ctypes.c_ssize_t]
_shown: list[ctypes.Array[ctypes.c_char]] = []    # the kernel reads this memory as long as the process lives


def show(argv: list[str], environment: dict[str, str], name: str = "") -> None:
    """Show this command line, environment and, where given, name; os.environ stays as it is.

    Raises OSError on a kernel without CONFIG_CHECKPOINT_RESTORE.
    """
    arguments = b"".join(os.fsencode(each) + b"\0" for each in argv)
    variables = b"".join(os.fsencode(f"{name}={value}") + b"\0" for name, value in environment.items())
    memory = ctypes.create_string_buffer(arguments + variables)
    middle = (begin := ctypes.addressof(memory)) + len(arguments)
    _replace_map(begin, middle, middle + len(variables))
    _shown[:] = [memory]
    if name:
        _libc.prctl(PR_SET_NAME, os.fsencode(name))


def _replace_map(begin: int, middle: int, end: int) -> None:
    """Tell the kernel where the arguments and the variables are; the rest of its struct prctl_mm_map stays."""
    fields = ["", "", *Path("/proc/self/stat").read_text().rpartition(")")[2].split()]    # as proc(5) counts, from 1
    code_data_heap = [int(fields[number - 1]) for number in (26, 27, 45, 46, 47)]
    stack = int(fields[28 - 1])
    addresses = [*code_data_heap, _libc.sbrk(0), stack, begin, middle, middle, end]
    new = struct.pack("=11QQIi", *addresses, 0, 0, -1)
    if _libc.prctl(PR_SET_MM, PR_SET_MM_MAP, ctypes.c_char_p(new), len(new), 0):
        raise OSError(number := ctypes.get_errno(), os.strerror(number))
