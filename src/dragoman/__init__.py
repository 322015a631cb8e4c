"""Dragoman reads news reports and keeps the record: who did what to whom, when, where, and according to whom."""

__version__ = "0.1.0"
