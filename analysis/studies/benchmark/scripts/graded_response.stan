// The model of models/ideal_point.py in Stan: the same priors, coordinates and standardisation.
data {
  int<lower=1> n_state;
  int<lower=1> n_item;
  int<lower=1> n_region;
  int<lower=1> n_cell;
  int<lower=1> region[n_state];
  // Cells item by item without missing ones: state, and response (1 no, 2 abstain, 3 yes).
  int<lower=1> item_start[n_item];
  int<lower=0> item_length[n_item];
  int<lower=1> cell_state[n_cell];
  int<lower=1, upper=3> response[n_cell];
  // Coordinates of the items, and the side of the United States; see models/coordinates/start.py.
  vector[n_item] centre;
  vector[n_item] upper_weight;
  vector[n_item] direction;
  real<lower=0> region_mean_scale;
  real<lower=0> region_log_sd_scale;
  real<lower=0> gauge_scale;
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
  vector[n_item] anchor;
}
transformed parameters {
  real location = mean(raw_position);
  real scale = sqrt(mean(square(raw_position - location)));
  vector[n_state] standardised = (raw_position - location) / scale;
}
model {
  vector[n_item] gap = exp(log_gap);
  vector[n_item] beside_midpoint = centre .* raw_discrimination + (0.5 - upper_weight) .* gap;
  vector[n_item] midpoint = anchor + beside_midpoint;
  region_mean_sd ~ normal(0, region_mean_scale);
  region_offset ~ normal(0, 1);
  region_log_sd ~ normal(0, region_log_sd_scale);
  raw_position ~ normal(region_mean_sd * region_offset[region], exp(region_log_sd[region]));
  target += normal_lpdf(location | 0, gauge_scale);
  target += normal_lpdf(log(scale) | 0, gauge_scale);
  discrimination_sd ~ normal(0, discrimination_scale);
  raw_discrimination ~ normal(0, discrimination_sd);
  log_gap_mean ~ normal(log_gap_loc, log_gap_scale);
  log_gap_sd ~ normal(0, log_gap_sd_scale);
  log_gap ~ normal(log_gap_mean, log_gap_sd);
  midpoint_mean ~ normal(midpoint_loc, midpoint_scale);
  midpoint_sd ~ normal(0, midpoint_sd_scale);
  midpoint ~ normal(midpoint_mean, midpoint_sd);
  for (j in 1:n_item) {
    vector[2] cutpoint = [midpoint[j] - gap[j] / 2, midpoint[j] + gap[j] / 2]';
    target += ordered_logistic_lpmf(
      segment(response, item_start[j], item_length[j]) |
      raw_discrimination[j] * standardised[segment(cell_state, item_start[j], item_length[j])], cutpoint);
  }
}
generated quantities {
  vector[n_state] ideal_point
    = dot_product(direction, raw_discrimination) < 0 ? -standardised : standardised;
}
