"""What the lessons draw, a module for each lesson; `show_source` shows it in the notebook."""
