"""`waterfall gameday`: every experiment of a program in turn, under light load, and what came of it."""
