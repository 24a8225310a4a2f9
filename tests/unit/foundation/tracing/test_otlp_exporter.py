"""An OTLP endpoint that takes no spans, as the log hears of it."""

from typing import Any

import pytest
import requests

from services.foundation.tracing import spans
from services.foundation.tracing.otlp_exporter import ExportFailed, OtlpExporter
from tests.drivers.recorded_spans import RecordedSpans

GIVEN = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


def test_the_reason_of_a_refused_batch_is_in_the_error_and_in_no_other_log_line(
        recorded: RecordedSpans, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    def refuse(*_: Any, **__: Any) -> requests.Response:
        answer = requests.Response()
        answer.status_code, answer.reason, answer._content = 401, "Unauthorized", b"no key"
        return answer

    monkeypatch.setattr(requests.Session, "request", refuse)
    with spans.following(GIVEN, "send message"):
        pass
    exporter = OtlpExporter("http://collector:4318", {}, 5)
    for _ in range(2):
        with pytest.raises(ExportFailed) as refusal:
            exporter.export([recorded["send message"]], 0)
        assert str(refusal.value).count("401") == 1
    assert caplog.records == []
