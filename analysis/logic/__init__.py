"""Pure computation: no Django, network, clock or settings in here."""
