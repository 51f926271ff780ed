"""Pages, charts and pictures of evaluations, inspections, comparisons and sweeps."""
