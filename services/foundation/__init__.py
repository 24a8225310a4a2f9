"""Nameko extensions that know nothing of cinemas; the gateway and every room build on them."""
