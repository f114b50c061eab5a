"""Real crops: pictures, views and labels."""
