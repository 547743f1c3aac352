"""Events in, anomaly scores out: an LSTM that learns what normal logs look like.

Keras 3 trains it (``training``, ``network``), NumPy scores with it (``model_file``, ``scoring``); one ``.keras`` file
holds all that scoring needs. Nothing here imports Keras at import time.
"""
