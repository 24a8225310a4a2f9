"""The contract between the gateway, the rooms and their callers: one file a room."""
