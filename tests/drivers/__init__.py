"""Steps that tests of several folders are made of: buying, paying, cooking, and others' ends of the wire."""
