"""Signatures of stored files and the keys that make them. May touch ``local`` and what lies below it."""
