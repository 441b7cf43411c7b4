"""A plan that stays honest: nothing in it passes without evidence that was recorded here."""
