"""The sheets that measure: calibration, hand profile, jitter test."""
