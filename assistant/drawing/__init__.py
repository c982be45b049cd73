"""Figures as HTML and SVG, for the page and for reports: no script, and nothing of Gradio."""
