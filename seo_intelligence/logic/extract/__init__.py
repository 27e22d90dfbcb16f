"""HTML, robots.txt, sitemaps and llms.txt to facts."""
