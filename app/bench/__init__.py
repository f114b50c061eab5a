"""What `bench` measures: spreads of many runs, each thing beside its yardstick, on a machine it names."""
