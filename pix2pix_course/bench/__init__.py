"""How fast the course is, beside other programs that do the same: `pix2pix-course bench`."""
