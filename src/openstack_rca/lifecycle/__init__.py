"""Model files become versions, and versions become verified local files again.

The rooms stand in the order of the path: ``records`` (facts of a version), ``objects`` (stores), ``history`` (what was done),
``mlflow`` (runs and numbers), ``local`` (cache and spool), ``trust`` (signatures), ``versions`` (the rules). ``doctor``
checks every connection; ``manager`` is the face that the manual documents. Nothing here knows what is inside a model.
"""
