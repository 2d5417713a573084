# MCMCpack::MCMCordfactanal, one factor: the ordinal probit model by data augmentation (Gibbs, Metropolis for
# cutpoints). Reads the folder that benchmark/peers.py fills, and leaves the draws there.
folder <- commandArgs(trailingOnly = TRUE)[1]
read <- function(name) read.csv(file.path(folder, name))
suppressPackageStartupMessages(library(MCMCpack))

settings <- read("settings.csv")
setting <- setNames(as.list(settings$value), settings$name)
cells <- read("cells.csv")
items <- read("items.csv")
states <- read("states.csv")
votes <- matrix(NA, nrow(states), nrow(items), dimnames = list(NULL, paste0("item", seq_len(nrow(items)))))
votes[cbind(cells$state, cells$item)] <- cells$response
varies <- apply(votes, 2, function(x) length(unique(na.omit(x))) > 1)
votes <- votes[, varies]
items <- items[varies, ]

# One probit is about 1.7 logits. The package has no hierarchical prior. Its fixed prior is as wide as the project's
# prior with every scale at its prior scale.
logit <- 1.7
has_three <- apply(votes, 2, function(x) length(unique(na.omit(x))) == 3)
lower <- items$midpoint - ifelse(has_three, exp(setting$log_gap_loc) / 2, 0)
start <- cbind(-lower, items$discrimination) / logit
prior_sd <- c(sqrt(setting$midpoint_scale^2 + setting$midpoint_sd_scale^2), setting$discrimination_scale) / logit
# The package puts is.na() of the whole matrix into an if(), an error since R 4.2: let it return one FALSE.
is.na.start <- function(x) FALSE
class(start) <- c("start", "matrix")

# The sign of one loading fixes the reflection: that of the item that divides the starting positions most.
strongest <- which.max(abs(items$discrimination))
side <- if (items$discrimination[strongest] > 0) "+" else "-"
constraint <- setNames(list(list(2, side)), colnames(votes)[strongest])
run <- function(burnin, mcmc, seed) {
  seconds <- system.time(invisible(capture.output(
    sample <- MCMCordfactanal(
      votes,
      factors = 1, lambda.constraints = constraint, lambda.start = start, l0 = 0,
      L0 = matrix(1 / prior_sd^2, nrow(items), 2, byrow = TRUE), burnin = burnin, mcmc = mcmc,
      tune = setting$cutpoint_tune, seed = seed, store.lambda = TRUE, store.scores = TRUE
    )
  )))[["elapsed"]]
  list(sample = sample, seconds = seconds)
}
one_chain <- function(chain) {
  setup <- run(1, 2, 1)$seconds
  result <- run(setting$tune, setting$draws, setting$seed + chain)
  scores <- result$sample[, grepl("^phi\\..*\\.2$", colnames(result$sample))]
  loadings <- result$sample[, grepl("^Lambda.*\\.2$", colnames(result$sample))]
  sign <- ifelse(loadings %*% items$direction < 0, -1, 1)
  write.table(
    scores * as.vector(sign), file.path(folder, sprintf("draws_%d.csv", chain)),
    sep = ",", row.names = FALSE, col.names = FALSE
  )
  c(setup, result$seconds)
}
seconds <- parallel::mclapply(seq_len(setting$chains), one_chain, mc.cores = setting$chains)
failed <- vapply(seconds, inherits, TRUE, "try-error")
if (any(failed)) stop(seconds[[which(failed)[1]]])
seconds <- do.call(rbind, seconds)
# A run of three sweeps measures the set-up: one regression an item for the starting values.
write.csv(
  data.frame(compile = max(seconds[, 1]), sample = max(seconds[, 2] - seconds[, 1])),
  file.path(folder, "seconds.csv"), row.names = FALSE
)
