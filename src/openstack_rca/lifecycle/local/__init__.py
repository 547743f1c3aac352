"""What lies on this machine: cache, spool, packing. May touch ``mlflow`` and what lies below it."""
