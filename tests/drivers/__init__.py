"""Steps that tests of several folders share: buying, paying, cooking, and fake counterparts of outside programs."""
