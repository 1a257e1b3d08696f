"""A sweep becomes jobs: load the YAML, know the catalogue, expand into cells."""
