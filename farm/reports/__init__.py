"""Answers as tables and pictures: the reports by kind, their parts, and the formats they are written in."""
