"""Samples that several tests share."""

from typing import Any

SECTION: dict[str, Any] = {
    "max_workers": 600, "token_hours": 12, "token_idle_hours": 4, "guest_days": 30, "sessions": 20,
    "login_failures": 10, "login_pause_seconds": 15, "login_window_minutes": 15, "hashes_of_strangers": 60,
    "hashes_of_a_source": 10,
    "confirmation_hours": 24, "confirmations_an_hour": 5,
    "password_reset_minutes": 60, "password_resets_an_hour": 5, "smtputf8": False,
    "second_factor": False, "second_factor_key": "", "second_factor_failures": 5}
