"""Test doubles: stand-ins for what the tests do not run."""
