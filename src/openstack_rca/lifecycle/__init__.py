"""Model files become versions, and versions become verified local files again.

``versions.ModelLifecycle`` holds the rules; ``store`` moves bytes, ``registry`` and ``store_index`` number versions,
``cache`` and ``spool`` bridge outages, ``tracking`` records runs, ``doctor`` checks every connection and
``manager.MLflowManager`` is the face that the manual documents. Nothing here knows what is inside a model.
"""
