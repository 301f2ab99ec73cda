"""Studies that need many trainings: comparison of recurrent cells, and search for the value of a key."""
