"""The section `tracing` of config.yml."""

from typing import Any

import nameko
import pytest

from services.foundation.settings import SettingsError
from services.foundation.tracing.settings import TracingSettings, tracing_settings
from services.foundation.tracing.tracing import Tracing

SECTION: dict[str, Any] = {"ratio": 1.0, "per_second": 5, "export": None, "endpoint": None, "headers": "",
                           "timeout": 5, "queue": 2048, "batch": 100, "seconds": 1}


def read(**changes: Any) -> TracingSettings:
    return tracing_settings({"tracing": {**SECTION, **changes}})


def test_spans_go_to_the_insight_room_unless_there_is_an_endpoint() -> None:
    assert (read().to_insight, read().to_otlp) == (True, False)
    with_endpoint = read(endpoint="http://collector:4318")
    assert (with_endpoint.to_insight, with_endpoint.to_otlp) == (False, True)
    both = read(endpoint="http://collector:4318", export="both")
    assert (both.to_insight, both.to_otlp) == (True, True)
    nowhere = read(export="none")
    assert (nowhere.to_insight, nowhere.to_otlp) == (False, False)


def test_headers_for_the_endpoint_are_a_list_of_names_and_values() -> None:
    assert read(headers="api-key=a=b,tenant=kino").headers == {"api-key": "a=b", "tenant": "kino"}
    assert read(headers="authorization=Basic%20YTpi%2Cc").headers == {"authorization": "Basic YTpi,c"}


@pytest.mark.parametrize(("changes", "said"), [
    ({"export": "otlp"}, "tracing.export: Spans go to an OTLP endpoint, but OTEL_EXPORTER_OTLP_ENDPOINT names none."),
    ({"export": "elsewhere"}, "tracing.export:"), ({"endpoint": "collector"}, "tracing.endpoint: Not an address"),
    ({"headers": "secret"}, "tracing.headers: Not a list"), ({"ratio": 2}, "tracing.ratio:"),
    ({"batch": 2001}, "tracing.batch:"),
    ({"per_second": -1}, "tracing.per_second:"), ({"queue": 0}, "tracing.queue:"), ({"seconds": 0}, "tracing.seconds:"),
])
def test_a_wrong_setting_is_told_in_one_sentence(changes: dict[str, Any], said: str) -> None:
    with pytest.raises(SettingsError, match=said):
        read(**changes)


def test_a_process_that_sends_its_spans_nowhere_begins_no_trace() -> None:
    assert not Tracing({"tracing": {**SECTION, "export": "none"}}, "order", "1").sampler.should_sample()
    assert Tracing({"tracing": SECTION}, "order", "1").sampler.should_sample()


def test_a_running_process_takes_over_how_many_traces_are_recorded() -> None:
    tracing = Tracing({"tracing": SECTION}, "order", "1")
    assert [name for name in SECTION if tracing.settings_read_again(f"tracing.{name}")] == ["ratio", "per_second"]
    assert not tracing.settings_read_again("order.ratio")
    with nameko.config.patch({"tracing": {**SECTION, "per_second": 0}}, clear=True):
        tracing.reload()
    assert not tracing.sampler.should_sample()
