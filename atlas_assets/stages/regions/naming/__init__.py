"""What a region is called: the best of all that its members have in common."""
