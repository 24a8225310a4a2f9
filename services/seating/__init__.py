"""Seats: the charts of halls, the board of held and sold seats, and the best free seats for a group."""
