"""Files, functions and folders are short enough to be read at once."""

import pytest

from tests.architecture import sizes
from tests.architecture.sources import sources

FILE_LINES, MEDIAN_FILE_LINES, P95_FILE_LINES = 260, 75, 180
FUNCTION_LINES, P95_FUNCTION_LINES = 33, 16
# The tests of one thing may be longer than the thing.
TEST_FILE_LINES = 400
FOLDER_FILES = 13


def test_no_file_is_long() -> None:
    long = {str(source): lines for source in sources()
            if (lines := len(source.text.splitlines())) > (TEST_FILE_LINES if source.package == "tests" else FILE_LINES)
            and not source.is_migration}
    assert long == {}


def test_most_files_are_short() -> None:
    lengths = sizes.files()
    files = sizes.Summary.of(lengths.values())
    longest = sorted(lengths.items(), key=lambda item: -item[1])[:len(lengths) // 12]
    assert files.median <= MEDIAN_FILE_LINES, files
    assert files.p95 <= P95_FILE_LINES, f"{files} {longest}"


def test_no_function_is_long() -> None:
    assert {name: lines for name, lines in sizes.functions().items() if lines > FUNCTION_LINES} == {}


def test_most_functions_are_short() -> None:
    functions = sizes.Summary.of(sizes.functions().values())
    assert functions.p95 <= P95_FUNCTION_LINES, functions


def test_no_folder_holds_more_files_than_a_reader_can_keep_in_mind() -> None:
    assert {folder: files for folder, files in sizes.folders().items() if files > FOLDER_FILES} == {}


@pytest.mark.parametrize(("lengths", "expected"), [([1, 2, 3], (3, 2, 3)), ([5] * 19 + [100], (20, 5, 100))])
def test_a_summary_has_count_median_and_longest(lengths: list[int], expected: tuple[int, float, int]) -> None:
    summary = sizes.Summary.of(lengths)
    assert (summary.count, summary.median, summary.longest) == expected
