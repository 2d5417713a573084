"""Every choice otherwise, on this machine or a cluster."""
