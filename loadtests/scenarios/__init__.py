"""Good and bad days of an origin, as Locust users and shapes. See docs/loadtests.md."""
