"""What became of the requests of a load test, as tables, plots and one HTML file."""
