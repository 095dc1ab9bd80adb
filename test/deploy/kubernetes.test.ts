import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { contract } from '../../src/contract/contract.js';
import { parseConfig } from '../../src/run/config.js';
import { liveName } from '../../src/server/start-server.js';
import { allYamlOf, faultsOf, type Manifest, optionOf, pathOf, portOf, textOf, yamlOf } from './project-files.js';

const folder = 'deploy/kubernetes';
const kustomization = (part: string) => yamlOf(textOf(`${folder}/${part}/kustomization.yaml`));
const resourcesOf = (part: string): Manifest[] =>
  kustomization(part).resources.flatMap((file: string) => allYamlOf(textOf(`${folder}/${part}/${file}`)));

const base = resourcesOf('base');
const all = [...base, ...resourcesOf('components/network-policy')];
const find = (kind: string, name: string): Manifest => {
  const found = base.find((resource) => resource.kind === kind && resource.metadata.name === name);
  assert.ok(found, `${kind} ${name}`);
  return found;
};
const podsOf = (resources: readonly Manifest[]): Manifest[] =>
  resources.filter(({ spec }) => spec?.template?.spec !== undefined).map(({ spec }) => spec.template);

/** Faults by the JSON schemas that Kubernetes publishes: required fields, types, formats. */
async function schemaFaults(resource: Manifest): Promise<string[]> {
  const models: Manifest = await import(`kubernetes-models/${resource.apiVersion}`);
  const Model = models[resource.kind];
  if (Model === undefined) return [`no ${resource.kind} in ${resource.apiVersion}`];
  try {
    new Model(resource).validate();
    return [];
  } catch (error) {
    return [`${resource.kind} ${resource.metadata?.name}: ${(error as Error).message}`];
  }
}

/** Faults by the types made from the same schemas, which also know a field that does not exist, as an API server would. */
function typeFaults(resources: readonly Manifest[]): string[] {
  const work = mkdtempSync(join(tmpdir(), 'manifests-'));
  try {
    symlinkSync(pathOf('node_modules'), join(work, 'node_modules'));
    writeFileSync(join(work, 'package.json'), '{"type":"module"}');
    const lines = resources.map(
      (resource, index) =>
        `export const r${index}: import('kubernetes-models/${resource.apiVersion}').I${resource.kind} = ${JSON.stringify(resource)};`,
    );
    writeFileSync(join(work, 'manifests.ts'), lines.join('\n'));
    const options = [
      '--noEmit',
      '--strict',
      '--skipLibCheck',
      '--module',
      'nodenext',
      '--types',
      '',
      '--pretty',
      'false',
    ];
    const { stdout } = spawnSync(
      process.execPath,
      [pathOf('node_modules/typescript/bin/tsc'), ...options, 'manifests.ts'],
      {
        cwd: work,
        encoding: 'utf8',
      },
    );
    return stdout.split('\n').filter((line) => line.includes('error'));
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

test('every manifest is valid by the published schemas, without an unknown field', async () => {
  assert.equal(all.length, 10);
  assert.deepEqual((await Promise.all(all.map(schemaFaults))).flat(), []);
  assert.deepEqual(typeFaults(all), []);
});

test('the overlay is valid once it is built', async (t) => {
  const { status, stdout, error } = spawnSync('kubectl', ['kustomize', pathOf(`${folder}/overlays/example`)], {
    encoding: 'utf8',
  });
  if (error !== undefined) return t.skip('kubectl is not installed');
  assert.equal(status, 0);
  const built = allYamlOf(stdout);
  assert.equal(built.length, 11);
  assert.deepEqual((await Promise.all(built.map(schemaFaults))).flat(), []);
  assert.deepEqual(typeFaults(built), []);
  assert.ok(built.every(({ metadata }) => metadata.namespace === 'training'));
  for (const { spec } of podsOf(built)) {
    assert.match(spec.containers[0].image, /^registry\.example\.com\/tributary:/);
    const map = spec.volumes.find(({ name }: Manifest) => name === 'runs').configMap.name;
    assert.ok(built.some(({ kind, metadata }) => kind === 'ConfigMap' && metadata.name === map));
  }
});

test('every file is named by its kustomization, and the other way round', () => {
  for (const part of ['base', 'components/network-policy', 'overlays/example']) {
    const { resources = [], patches = [], configMapGenerator = [] } = kustomization(part);
    const named = [
      ...resources.filter((resource: string) => resource.endsWith('.yaml')),
      ...patches.map(({ path }: Manifest) => path),
      ...configMapGenerator.flatMap(({ files }: Manifest) => files),
    ];
    const present = readdirSync(pathOf(`${folder}/${part}`)).filter((file) => file !== 'kustomization.yaml');
    assert.deepEqual(named.sort(), present.sort(), part);
  }
});

test('the configs are read by the code, and their paths are where the volumes are', () => {
  for (const part of ['base', 'overlays/example']) {
    const path = `${folder}/${part}/tributary.yaml`;
    const config = parseConfig(textOf(path), { folder: '/etc/tributary', name: path });
    assert.ok(Object.keys(config.runs).length > 0);
    for (const source of Object.values(config.sources)) assert.match(source.path, /^\/data\//);
    for (const { spec } of podsOf(base)) {
      const mounts = spec.containers[0].volumeMounts.map(({ mountPath }: Manifest) => mountPath);
      assert.ok(mounts.includes('/data') && mounts.includes(config.index));
      assert.equal(optionOf(spec.containers[0].args, '--config'), '/etc/tributary/tributary.yaml');
    }
  }
});

test('commands and their options are the command line of the project', () => {
  for (const { spec } of podsOf(base)) assert.deepEqual(faultsOf(spec.containers[0].args), []);
});

test('probes ask for the names that the code serves, on the port where it listens', () => {
  const served = (service: Manifest) => Object.values<{ path: string }>(service)[0]!.path.split('/')[1];
  for (const [name, service] of [
    ['loader', served(contract.tributary.v1.LoaderService.service)],
    ['schedule', served(contract.tributary.v1.ScheduleService.service)],
  ] as const) {
    const container = find('Deployment', `tributary-${name}`).spec.template.spec.containers[0];
    const port = portOf(optionOf(container.args, '--listen'));
    assert.deepEqual(container.readinessProbe.grpc, { port, service });
    assert.deepEqual(container.livenessProbe.grpc, { port, service: liveName });
    assert.deepEqual(container.startupProbe.grpc, { port, service: liveName });
  }
});

test('services lead to the ports where their pods listen', () => {
  for (const name of ['loader', 'schedule']) {
    const service = find('Service', name);
    const { metadata, spec } = find('Deployment', `tributary-${name}`).spec.template;
    const { ports, args } = spec.containers[0];
    assert.deepEqual(service.spec.selector, metadata.labels);
    const listens = [portOf(optionOf(args, '--listen'))];
    if (optionOf(args, '--metrics-listen') !== undefined) listens.push(portOf(optionOf(args, '--metrics-listen')));
    assert.deepEqual(
      ports.map(({ containerPort }: Manifest) => containerPort),
      listens,
    );
    for (const { port, targetPort } of service.spec.ports) {
      assert.equal(ports.find((candidate: Manifest) => candidate.name === targetPort)?.containerPort, port);
    }
  }
  assert.equal(find('Service', 'loader').spec.clusterIP, 'None');
  const annotations = find('Deployment', 'tributary-loader').spec.template.metadata.annotations;
  const args = find('Deployment', 'tributary-loader').spec.template.spec.containers[0].args;
  assert.equal(Number(annotations['prometheus.io/port']), portOf(optionOf(args, '--metrics-listen')));
});

test('every pod is confined, reads the data only, and none but the index writes manifests', () => {
  assert.equal(podsOf(base).length, 3);
  for (const { metadata, spec } of podsOf(base)) {
    const name = metadata.labels['app.kubernetes.io/name'];
    assert.equal(spec.automountServiceAccountToken, false, name);
    assert.equal(spec.securityContext.runAsNonRoot, true, name);
    assert.equal(spec.securityContext.seccompProfile.type, 'RuntimeDefault', name);
    assert.equal(spec.containers.length, 1);
    const [{ securityContext, volumeMounts, resources }] = spec.containers;
    assert.deepEqual(securityContext, {
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ['ALL'] },
    });
    assert.ok(resources.requests.cpu && resources.requests.memory && resources.limits.memory, name);
    const mount = (path: string) => volumeMounts.find(({ mountPath }: Manifest) => mountPath === path);
    const claim = (path: string) => spec.volumes.find((volume: Manifest) => volume.name === mount(path).name);
    assert.equal(mount('/data').readOnly, true, name);
    assert.equal(claim('/data').persistentVolumeClaim.readOnly, true, name);
    assert.equal(mount('/var/lib/tributary').readOnly ?? false, name !== 'tributary-index', name);
  }
  assert.deepEqual(find('PersistentVolumeClaim', 'tributary-data').spec.accessModes, ['ReadOnlyMany']);
});

test('a replica has time to drain before it is killed', () => {
  const { spec } = find('Deployment', 'tributary-loader').spec.template;
  const [sleep, seconds] = spec.containers[0].lifecycle.preStop.exec.command;
  assert.equal(sleep, 'sleep');
  const drainSeconds = Number(optionOf(spec.containers[0].args, '--drain-seconds'));
  assert.ok(drainSeconds >= 5);
  assert.ok(spec.terminationGracePeriodSeconds > Number(seconds) + drainSeconds);
});

test('a replica counts on the CPUs that its pod asks for', () => {
  const { args, env } = find('Deployment', 'tributary-loader').spec.template.spec.containers[0];
  const [{ name, valueFrom }] = env;
  assert.equal(name, 'TRIBUTARY_CPUS');
  assert.ok(textOf('deploy/docker/entry.sh').includes(name));
  assert.equal(valueFrom.resourceFieldRef.resource, 'requests.cpu');
  assert.equal(optionOf(args, '--workers'), `$(${name})`);
});

test('the memory that a replica may prepare is below what its pod has', () => {
  const { args, resources } = find('Deployment', 'tributary-loader').spec.template.spec.containers[0];
  const gibibytes = (text: string | undefined) => Number(/^(\d+)GiB?$/.exec(text ?? '')?.[1]);
  assert.ok(gibibytes(optionOf(args, '--memory')) <= gibibytes(resources.limits.memory) / 2);
});

test('the autoscaler scales the loader, by a metric that the adapter makes from one that the server has', () => {
  const { spec } = find('HorizontalPodAutoscaler', 'tributary-loader');
  const target = find(spec.scaleTargetRef.kind, spec.scaleTargetRef.name);
  assert.equal(target.apiVersion, spec.scaleTargetRef.apiVersion);
  assert.equal(target.spec.replicas, undefined, 'a fixed number would undo the autoscaler at every apply');
  const metric = spec.metrics[0].pods.metric.name;
  const { rules } = yamlOf(textOf('deploy/prometheus/adapter-rules.yml'));
  assert.deepEqual(
    rules.custom.map(({ name }: Manifest) => name.as),
    [metric],
  );
  for (const { metricsQuery } of rules.external)
    assert.match(metricsQuery, /^sum\(/, 'replicas wanted add up over replicas');
  const source = readdirSync(pathOf('src/server'))
    .map((file) => textOf(`src/server/${file}`))
    .join();
  for (const { name, seriesQuery } of [...rules.custom, ...rules.external]) {
    assert.ok(seriesQuery.startsWith(name.matches));
    assert.ok(source.includes(`'${name.matches}'`), name.matches);
  }
});

test('the disruption budget covers the pods of the loader', () => {
  const { spec } = find('PodDisruptionBudget', 'tributary-loader');
  assert.deepEqual(spec.selector.matchLabels, find('Deployment', 'tributary-loader').spec.template.metadata.labels);
});
