"""Figures of the notebooks: pictures in grids, curves, diagrams, sliders."""
