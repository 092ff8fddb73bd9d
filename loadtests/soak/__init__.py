"""Hours of mixed work in minutes: does a server hold more and more? See docs/soak.md."""
