"""The Python engine: packages and words of the text first, then the names that occur, then patterns on the confirmed files only."""
