"""Whether what a process needs is there: its servers, and storage."""
