"""Series of ranks, volumes and interest, and what can be read from them."""
