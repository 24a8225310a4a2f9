"""HTTP in, calls to rooms out; knows no business."""
