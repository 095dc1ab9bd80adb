/**
 * How many replicas would feed all consumers: the sum of the consumers' rates over the mean rate of a replica, not
 * rounded, so that what several replicas want adds up.
 * A rate further from the mean than one standard deviation counts as the median, so that one strange trainer or replica
 * does not order a fleet. Null where either side has not been seen yet.
 *
 * Source: tf.data service, tensorflow/core/data/service/auto_scaler.cc, `AutoScaler::GetOptimalNumberOfWorkers`.
 *
 * @param consumers seconds that each consumer takes for a sample when it does not wait.
 * @param replicas seconds that each replica takes for a sample with all its worker threads.
 */
export function replicasWanted(consumers: readonly number[], replicas: readonly number[]): number | null {
  const needs = rates(consumers);
  const gives = rates(replicas);
  if (needs.length === 0 || gives.length === 0) return null;
  const sum = withoutOutliers(needs).reduce((a, b) => a + b, 0);
  const mean = withoutOutliers(gives).reduce((a, b) => a + b, 0) / gives.length;
  return sum / mean;
}

function rates(seconds: readonly number[]): number[] {
  return seconds.filter((value) => Number.isFinite(value) && value > 0).map((value) => 1 / value);
}

function withoutOutliers(values: readonly number[]): number[] {
  const mean = values.reduce((a, b) => a + b, 0) / values.length;
  const deviation = Math.sqrt(values.reduce((a, b) => a + (b - mean) ** 2, 0) / values.length);
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const median = sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
  // Of two values neither is an outlier: each is one deviation from their mean.
  return values.map((value) => (Math.abs(value - mean) > deviation * 1.000001 ? median : value));
}
