"""A private mesh to try things on: what the tests, the bench and the chaos runs stand on."""
