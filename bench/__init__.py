"""Measured speed: Marquee against stock Nameko, as ratios within one run."""
