"""A trained generator for other programs, and a page to draw on."""
