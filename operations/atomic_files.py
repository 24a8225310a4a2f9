"""Files that are replaced atomically, also when the disk is full, and that only their owner can read."""

import os
from pathlib import Path


def write_private(path: Path, text: str) -> Path:
    """Write a file, which may hold a password, in the place of the former one. Raises OSError."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    fresh = path.with_name(path.name + ".new")
    fresh.unlink(missing_ok=True)
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)
    fresh.replace(path)
    return path
