"""The only writer: one file per move of a job."""
