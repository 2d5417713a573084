// The graded-response model in textbook form. Likelihood and priors are those of graded_response.stan, but only the
// priors fix location and scale of the positions, and items are given by midpoint and log gap.
data {
  int<lower=1> n_state;
  int<lower=1> n_item;
  int<lower=1> n_region;
  int<lower=1> n_cell;
  int<lower=1> region[n_state];
  int<lower=1> item_start[n_item];
  int<lower=0> item_length[n_item];
  int<lower=1> cell_state[n_cell];
  int<lower=1, upper=3> response[n_cell];
  vector[n_item] direction;
  real<lower=0> region_mean_scale;
  real<lower=0> region_log_sd_scale;
  real<lower=0> discrimination_scale;
  real midpoint_loc;
  real<lower=0> midpoint_scale;
  real<lower=0> midpoint_sd_scale;
  real log_gap_loc;
  real<lower=0> log_gap_scale;
  real<lower=0> log_gap_sd_scale;
}
parameters {
  real<lower=0> region_mean_sd;
  vector[n_region] region_offset;
  vector[n_region] region_log_sd;
  vector[n_state] raw_position;
  real<lower=0> discrimination_sd;
  vector[n_item] raw_discrimination;
  real log_gap_mean;
  real<lower=0> log_gap_sd;
  vector[n_item] log_gap;
  real midpoint_mean;
  real<lower=0> midpoint_sd;
  vector[n_item] midpoint;
}
model {
  region_mean_sd ~ normal(0, region_mean_scale);
  region_offset ~ normal(0, 1);
  region_log_sd ~ normal(0, region_log_sd_scale);
  raw_position ~ normal(region_mean_sd * region_offset[region], exp(region_log_sd[region]));
  discrimination_sd ~ normal(0, discrimination_scale);
  raw_discrimination ~ normal(0, discrimination_sd);
  log_gap_mean ~ normal(log_gap_loc, log_gap_scale);
  log_gap_sd ~ normal(0, log_gap_sd_scale);
  log_gap ~ normal(log_gap_mean, log_gap_sd);
  midpoint_mean ~ normal(midpoint_loc, midpoint_scale);
  midpoint_sd ~ normal(0, midpoint_sd_scale);
  midpoint ~ normal(midpoint_mean, midpoint_sd);
  for (j in 1:n_item) {
    real half = exp(log_gap[j]) / 2;
    vector[2] cutpoint = [midpoint[j] - half, midpoint[j] + half]';
    target += ordered_logistic_lpmf(
      segment(response, item_start[j], item_length[j]) |
      raw_discrimination[j] * raw_position[segment(cell_state, item_start[j], item_length[j])], cutpoint);
  }
}
generated quantities {
  vector[n_state] ideal_point
    = dot_product(direction, raw_discrimination) < 0 ? -raw_position : raw_position;
}
