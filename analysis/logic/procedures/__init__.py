"""One file per procedure; each defines `PROCEDURE`."""
