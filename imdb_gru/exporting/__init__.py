"""A model as a folder of files that other programs and languages can use."""
