"""Metrics of a process: code that calls, answers or publishes counts that with one of these."""

from services.foundation.metrics.circuits import watch_circuits as watch_circuits
from services.foundation.metrics.instruments import count_after_commit as count_after_commit
from services.foundation.metrics.instruments import expect_call as expect_call
from services.foundation.metrics.instruments import observe_call as observe_call
from services.foundation.metrics.instruments import observe_event as observe_event
from services.foundation.metrics.instruments import observe_published as observe_published
from services.foundation.metrics.instruments import observe_request as observe_request
from services.foundation.metrics.instruments import watch_pool as watch_pool
from services.foundation.metrics.instruments import watch_server as watch_server
from services.foundation.metrics.instruments import watch_workers as watch_workers
