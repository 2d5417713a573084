# Runs the same model in rstan. Reads the tables that benchmark/peers.py wrote; leaves the draws beside them.
folder <- commandArgs(trailingOnly = TRUE)[1]
script <- sub("^--file=", "", grep("^--file=", commandArgs(), value = TRUE))
form <- sub("rstan", "graded_response", sub("[.]R$", "", basename(script)))
model_file <- file.path(dirname(script), paste0(form, ".stan"))
read <- function(name) read.csv(file.path(folder, name))
suppressPackageStartupMessages(library(rstan))
# Debian's rstan does not find the Boost headers by itself.
if (dir.exists("/usr/include/boost")) rstan_options(boost_lib = "/usr/include")

settings <- read("settings.csv")
setting <- setNames(as.list(settings$value), settings$name)
cells <- read("cells.csv")
items <- read("items.csv")
states <- read("states.csv")
cells <- cells[order(cells$item), ]
item_length <- tabulate(cells$item, nrow(items))
data <- c(
  setting,
  list(
    n_state = nrow(states), n_item = nrow(items), n_region = max(states$region), n_cell = nrow(cells),
    region = states$region, item_start = cumsum(item_length) - item_length + 1, item_length = item_length,
    cell_state = cells$state, response = cells$response,
    centre = items$centre, upper_weight = items$upper_weight, direction = items$direction
  )
)
# The same start as PyMC: rough estimates, otherwise the location or scale of each prior.
start <- list(
  region_mean_sd = setting$region_mean_scale, region_offset = rep(0, data$n_region),
  region_log_sd = rep(0, data$n_region), raw_position = states$position,
  discrimination_sd = setting$discrimination_scale, raw_discrimination = items$discrimination,
  log_gap_mean = setting$log_gap_loc, log_gap_sd = setting$log_gap_sd_scale,
  log_gap = rep(setting$log_gap_loc, data$n_item), midpoint_mean = setting$midpoint_loc,
  midpoint_sd = setting$midpoint_sd_scale, midpoint = items$midpoint, anchor = items$midpoint - items$centre * items$discrimination
)

# Compile once for all repetitions.
compiled <- file.path(dirname(folder), paste0(form, ".rds"))
compiling <- system.time(
  if (!file.exists(compiled)) saveRDS(stan_model(model_file), compiled)
)[["elapsed"]]
fit <- sampling(
  readRDS(compiled),
  data = data, chains = setting$chains, cores = setting$chains, warmup = setting$tune,
  iter = setting$tune + setting$draws, init = rep(list(start), setting$chains), seed = setting$seed,
  pars = "ideal_point", refresh = 0
)
draws <- extract(fit, pars = "ideal_point", permuted = FALSE)
for (chain in seq_len(setting$chains)) {
  write.table(
    draws[, chain, ], file.path(folder, sprintf("draws_%d.csv", chain)),
    sep = ",", row.names = FALSE, col.names = FALSE
  )
}
# Chains run in parallel: take the time of the slowest one, without the start of its process.
write.csv(
  data.frame(compile = compiling, sample = max(rowSums(get_elapsed_time(fit)))),
  file.path(folder, "seconds.csv"), row.names = FALSE
)
