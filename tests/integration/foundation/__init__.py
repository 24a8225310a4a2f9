"""Nameko's traps, each shown closed with real servers, and open on stock Nameko where that is cheap."""
