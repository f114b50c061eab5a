"""Reading ring files of strangers: run in a process of its own, with limits of memory and time."""
