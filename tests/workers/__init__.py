"""Tests of the execution plane."""
