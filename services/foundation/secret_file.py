"""Files with secrets that a mesh makes for itself at its first local start."""

import os
from contextlib import suppress
from pathlib import Path


def make_file(path: Path, content: bytes) -> None:
    """Write a file that only its owner may read; if another process was faster, its file stays."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = path.with_name(f"{path.name}.{os.getpid()}")
    with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(content)
    with suppress(FileExistsError):
        os.link(draft, path)
    draft.unlink()
