# rstan with the model in its textbook form: rstan.R takes the model that is called like the script it runs as.
source(file.path(dirname(sub("^--file=", "", grep("^--file=", commandArgs(), value = TRUE))), "rstan.R"))
