"""The ground without its servers."""
