"""The seat board: who holds or owns which seat of a screening right now."""
