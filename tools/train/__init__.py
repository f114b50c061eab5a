"""Teaching what does not learn from pictures alone; `main.py train` teaches the rest."""
