"""What is measured of cameras and hands: calibration, expected depth error, profiles."""
