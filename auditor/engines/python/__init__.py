"""The Python engine: literals over bytes, then an `ast` gate, then libcst patterns on the confirmed files only."""
