"""Use over time: what was asked, how it was judged, how fast it was, and what stands out."""
