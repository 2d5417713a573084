# MCMCpack::MCMCordfactanal, one factor: the ordinal probit model by data augmentation (Gibbs, Metropolis for
# cutpoints). Reads the folder that analysis/benchmark_peers.py wrote, leaves the draws there.
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

# A logit is about 1.7 probits. The package has no hierarchy: its fixed prior is as wide as the widest that the
# project's priors have at their scales.
logit <- 1.7
has_three <- apply(votes, 2, function(x) length(unique(na.omit(x))) == 3)
lower <- items$midpoint - ifelse(has_three, exp(setting$log_gap_loc) / 2, 0)
start <- cbind(-lower, items$discrimination) / logit
prior_sd <- c(sqrt(setting$midpoint_scale^2 + setting$midpoint_sd_scale^2), setting$discrimination_scale) / logit
# The package asks is.na() of the whole matrix in an if(), which R since 4.2 refuses: answer with one FALSE.
is.na.start <- function(x) FALSE
class(start) <- c("start", "matrix")

# One loading's sign fixes the mirror image: that of the item which divides the states most along the start.
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
# Setting up (start values by one regression an item) is what a run of three sweeps takes.
write.csv(
  data.frame(compile = max(seconds[, 1]), sample = max(seconds[, 2] - seconds[, 1])),
  file.path(folder, "seconds.csv"), row.names = FALSE
)
