"""What `bench` measures: spreads of many runs, each thing beside its baseline, on a machine it names."""
