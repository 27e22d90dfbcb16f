"""Where bytes live: the storage behind files and dataset versions."""
