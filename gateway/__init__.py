"""The gateway: HTTP requests in, calls to rooms out. It knows no business rules."""
