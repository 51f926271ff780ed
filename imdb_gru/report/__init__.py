"""Pages, charts and images of evaluations, inspections, comparisons and sweeps."""
