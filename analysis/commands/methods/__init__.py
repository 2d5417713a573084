"""Commands that measure the methods: propagation of uncertainty, calibration, speed."""
