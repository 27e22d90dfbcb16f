"""Pure algorithms of the SEO app: no ORM, network, clock or settings."""
