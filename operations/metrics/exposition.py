"""Several expositions as one: each metric once, its samples told apart by the process they are of."""

from collections.abc import Iterable

Part = tuple[str, str]    # the name of a process, or "" for what concerns the whole mesh, and its exposition


def merge(parts: Iterable[Part]) -> str:
    """The parts as one exposition; each sample of a process gets the label `process`.

    A metric's head stands once with all its samples under it, as the format demands. The parts come from
    prometheus_client, so only the name at the beginning of a line has to be found; parsing all would cost a scrape
    a hundred times as much.
    """
    heads: dict[str, list[str]] = {}
    samples: dict[str, list[str]] = {}
    for process, text in parts:
        metric = ""
        for line in text.splitlines():
            if line.startswith("# HELP "):
                metric = line.split(" ", 3)[2]
                if metric not in heads:
                    heads[metric], samples[metric] = [line], []
            elif line.startswith("# TYPE "):
                if len(heads[metric]) == 1:
                    heads[metric].append(line)
            else:
                samples[metric].append(_labelled(line, process) if process else line)
    return "".join(f"{line}\n" for metric in sorted(heads) for line in (*heads[metric], *samples[metric]))


def _labelled(line: str, process: str) -> str:
    name, brace, rest = line.partition("{")
    if brace:
        return f'{name}{{process="{process}",{rest}'
    name, _, value = line.partition(" ")
    return f'{name}{{process="{process}"}} {value}'
