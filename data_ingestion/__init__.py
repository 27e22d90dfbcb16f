"""Projects, files, Datasets, scraping and surveys. See README.md."""
