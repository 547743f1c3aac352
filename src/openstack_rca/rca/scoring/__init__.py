"""Labelled incidents and the strict score of DESIGN section 9. May touch ``report`` and ``vocabulary``."""
