"""Confirming e-mail addresses."""
