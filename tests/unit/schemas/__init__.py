"""The contract, word by word."""
