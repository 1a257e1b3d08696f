"""Answers as tables: one file per report, and the formats they are written in."""
