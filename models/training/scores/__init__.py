"""Teaching the scores of a crop: is there a hand, and is it a right one."""
