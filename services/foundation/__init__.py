"""Nameko extensions without a cinema word in them; the ground under the gateway and every room."""
