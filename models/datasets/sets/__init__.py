"""Data sets, one file each: how its folder must look, how its samples are read, and its entry, DATA_SET."""
