"""The search for a better config with Optuna and Ray Tune."""
