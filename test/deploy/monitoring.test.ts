import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { test } from 'node:test';
import { collectDefaultMetrics, Registry } from 'prom-client';
import { type Manifest, pathOf, textOf, yamlOf } from './project-files.js';

const dashboards = readdirSync(pathOf('deploy/grafana/dashboards'));
const compose = yamlOf(textOf('docker-compose.yml'));

/** The metrics that a replica exports: its own by their place in the source, Node's by asking. */
function exported(): Set<string> {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const source = readdirSync(pathOf('src/server'))
    .map((file) => textOf(`src/server/${file}`))
    .join();
  const own = [...source.matchAll(/'((?:tributary|grpc_server)_[a-z_]+)'/g)].map((match) => match[1]!);
  return new Set([...registry.getMetricsAsArray().map(({ name }) => name), ...own, 'up']);
}

/** The metrics that a query asks for, without the suffixes of a histogram. */
function metricsOf(query: string): string[] {
  const names = query.match(/\b(?:tributary|grpc_server|nodejs|process)_[a-z0-9_]+|\bup\b/g) ?? [];
  return names.map((name) => name.replace(/_(bucket|sum|count)$/, ''));
}

test('dashboards ask for metrics that a replica exports', () => {
  assert.ok(dashboards.length > 0);
  const known = exported();
  for (const file of dashboards) {
    const { panels } = JSON.parse(textOf(`deploy/grafana/dashboards/${file}`));
    for (const { title, targets } of panels) {
      for (const { expr } of targets) {
        const metrics = metricsOf(expr);
        assert.ok(metrics.length > 0, title);
        assert.deepEqual(
          metrics.filter((metric) => !known.has(metric)),
          [],
          title,
        );
      }
    }
  }
});

test('every metric of the product has a panel', () => {
  const shown = new Set(dashboards.flatMap((file) => metricsOf(textOf(`deploy/grafana/dashboards/${file}`))));
  const wanted = [
    'grpc_server_handled_total',
    'tributary_samples_total',
    'tributary_stage_seconds',
    'tributary_batch_wait_seconds',
    'tributary_bytes_sent_total',
    'tributary_streams_active',
    'tributary_prepared_bytes',
    'tributary_queue_size',
    'tributary_consumer_wait_ratio',
    'tributary_replicas_wanted',
    'tributary_cache_requests_total',
    'tributary_cache_bytes',
    'tributary_build_info',
    'nodejs_eventloop_lag_p99_seconds',
  ];
  assert.deepEqual(
    wanted.filter((metric) => !shown.has(metric)),
    [],
  );
});

test('alerts ask for metrics that a replica exports, and are the same for the operator', (t) => {
  const known = exported();
  const rules = yamlOf(textOf('deploy/prometheus/alerts.yml'));
  for (const { alert, expr, annotations } of rules.groups[0].rules) {
    assert.ok(metricsOf(expr).length > 0 && annotations.summary, alert);
    assert.deepEqual(
      metricsOf(expr).filter((metric) => !known.has(metric)),
      [],
      alert,
    );
  }
  assert.deepEqual(yamlOf(textOf('deploy/kubernetes/components/monitoring/rules.yaml')).spec, rules);
  const checked = spawnSync('promtool', ['check', 'rules', pathOf('deploy/prometheus/alerts.yml')], {
    encoding: 'utf8',
  });
  if (checked.error !== undefined)
    return t.diagnostic("promtool (Debian's prometheus) is not there: its check is left out");
  assert.equal(checked.status, 0, checked.stderr);
});

test('dashboards take their data source from a variable, and panels do not overlap', () => {
  for (const file of dashboards) {
    const { panels, templating } = JSON.parse(textOf(`deploy/grafana/dashboards/${file}`));
    const variable = templating.list.find(({ type }: Manifest) => type === 'datasource');
    assert.equal(variable.query, 'prometheus');
    const cells = new Set<string>();
    for (const { id, title, datasource, targets, gridPos } of panels) {
      for (const used of [datasource, ...targets.map((target: Manifest) => target.datasource)]) {
        assert.equal(used.uid, `\${${variable.name}}`, title);
      }
      assert.ok(gridPos.x + gridPos.w <= 24, title);
      for (let x = gridPos.x; x < gridPos.x + gridPos.w; x++) {
        for (let y = gridPos.y; y < gridPos.y + gridPos.h; y++) {
          assert.ok(!cells.has(`${x},${y}`), `${title} (${id}) lies over another panel`);
          cells.add(`${x},${y}`);
        }
      }
    }
    assert.equal(new Set(panels.map(({ id }: Manifest) => id)).size, panels.length);
  }
});

test('Grafana is provisioned with the Prometheus and the folder that Compose gives it', () => {
  const { grafana, prometheus } = compose.services;
  const [source] = yamlOf(textOf('deploy/grafana/provisioning/datasources/prometheus.yml')).datasources;
  assert.equal(source.type, 'prometheus');
  assert.equal(source.url, `http://prometheus:${prometheus.expose[0]}`);
  const [provider] = yamlOf(textOf('deploy/grafana/provisioning/dashboards/tributary.yml')).providers;
  const mount = grafana.volumes.find((volume: string) => volume.startsWith('./deploy/grafana/dashboards:'));
  assert.equal(mount.split(':')[1], provider.options.path);
  assert.ok(grafana.volumes.includes('./deploy/grafana/provisioning:/etc/grafana/provisioning:ro'));
  const home = grafana.environment.GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH;
  assert.ok(dashboards.some((file) => home === `${provider.options.path}/${file}`));
});
