"""Implementations that cheat, each in one way, through the door of honest ones; each is caught by a named layer."""
