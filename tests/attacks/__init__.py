"""Attacks from outside, through the doors that production opens."""
