"""`python -m pix2pix_course` is the command line `pix2pix-course`."""

from pix2pix_course.cli import main

main(prog_name="pix2pix-course")
