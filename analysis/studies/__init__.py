"""Studies beside the main job. None imports another."""
