# rstan with the textbook form of the model: rstan.R picks the model by the name of the script.
source(file.path(dirname(sub("^--file=", "", grep("^--file=", commandArgs(), value = TRUE))), "rstan.R"))
