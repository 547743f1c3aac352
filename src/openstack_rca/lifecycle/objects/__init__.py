"""Objects in stores and files on disk: places, credentials, errors, patience. May touch ``records`` only."""
