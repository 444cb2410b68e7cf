"""What is measured of attempts. Pure."""
