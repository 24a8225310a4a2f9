"""The contract between the gateway, the rooms and their callers: one file or package per room."""
