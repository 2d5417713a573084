"""What we assume: the models, without files and without sampling."""
