"""The main job: from votes to effects."""
