"""HTTP views of data_ingestion, one module per resource."""
