"""A private mesh on ports and in folders of its own, for the tests, the bench and the long proofs."""
