"""Tests of wismo: each one states a behaviour in a sentence."""
