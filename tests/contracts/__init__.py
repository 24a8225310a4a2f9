"""What the contract promises is what the rooms serve."""
