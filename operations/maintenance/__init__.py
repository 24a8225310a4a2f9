"""What an operator does to the data of a mesh: migrate it both ways, back it up, and restore it."""
