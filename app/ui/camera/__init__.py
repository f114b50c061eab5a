"""The camera in the window: its name, its sizes and rates, what is remembered of it."""
