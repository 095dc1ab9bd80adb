import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { parseConfig } from '../../src/run/config.js';
import { allYamlOf, faultsOf, type Manifest, optionOf, pathOf, portOf, textOf, yamlOf } from './project-files.js';

const folder = 'deploy/kubernetes';
const kustomization = (part: string) => yamlOf(textOf(`${folder}/${part}/kustomization.yaml`));
const resourcesOf = (part: string): Manifest[] =>
  kustomization(part).resources.flatMap((file: string) => allYamlOf(textOf(`${folder}/${part}/${file}`)));

const base = resourcesOf('base');
const components = readdirSync(pathOf(`${folder}/components`));
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

/** Kinds of operators, whose schemas are not Kubernetes' own. */
const isForeign = ({ apiVersion }: Manifest) => apiVersion.startsWith('monitoring.coreos.com/');

/** What kubectl makes of a folder; why it cannot where it does not. */
function built(path: string): Manifest[] | string {
  const { status, stdout, stderr, error } = spawnSync('kubectl', ['kustomize', path], { encoding: 'utf8' });
  if (error !== undefined) return 'kubectl is not installed';
  if (status === 0) return allYamlOf(stdout);
  const version = /"?gitVersion"?: "?v1\.(\d+)/.exec(
    spawnSync('kubectl', ['version', '--client', '--output=json'], { encoding: 'utf8' }).stdout,
  );
  if (Number(version?.[1]) < 27) return `kubectl 1.${version![1]} is too old, and 1.27 is needed`;
  throw new Error(stderr);
}

test('every manifest is valid by the published schemas, without an unknown field', async () => {
  assert.equal(base.length, 8);
  assert.deepEqual((await Promise.all(base.map(schemaFaults))).flat(), []);
  assert.deepEqual(typeFaults(base), []);
});

test('the overlay is valid once it is built', async (t) => {
  const manifests = built(pathOf(`${folder}/overlays/example`));
  if (typeof manifests === 'string') return t.skip(manifests);
  assert.equal(manifests.length, 10);
  assert.deepEqual((await Promise.all(manifests.map(schemaFaults))).flat(), []);
  assert.deepEqual(typeFaults(manifests), []);
  assert.ok(manifests.every(({ metadata }) => metadata.namespace === 'training'));
  for (const { spec } of podsOf(manifests)) {
    for (const { image } of [...spec.initContainers, ...spec.containers])
      assert.match(image, /^registry\.example\.com\/tributary:/);
    const map = spec.volumes.find(({ name }: Manifest) => name === 'runs').configMap.name;
    assert.ok(manifests.some(({ kind, metadata }) => kind === 'ConfigMap' && metadata.name === map));
  }
});

test('every component can be added to the base, alone and with all others', async (t) => {
  const work = mkdtempSync(join(pathOf(folder), 'test-'));
  t.after(() => rmSync(work, { recursive: true, force: true }));
  const withThose = (names: readonly string[]) => {
    const paths = names.map((name) => `../components/${name}`);
    writeFileSync(join(work, 'kustomization.yaml'), JSON.stringify({ resources: ['../base'], components: paths }));
    return built(work);
  };
  for (const names of [...components.map((name) => [name]), components.toSorted((a) => (a === 'tls' ? 1 : 0))]) {
    const manifests = withThose(names);
    if (typeof manifests === 'string') return t.skip(manifests);
    const own = manifests.filter((manifest) => !isForeign(manifest));
    assert.deepEqual((await Promise.all(own.map(schemaFaults))).flat(), [], names.join());
    if (names.length > 1) assert.deepEqual(typeFaults(own), []);
    const pods = podsOf(own);
    assert.equal(pods.length, 2);
    for (const { spec } of pods) {
      const [{ env, args, startupProbe, readinessProbe, livenessProbe, volumeMounts }] = spec.containers;
      const options = env.map(({ name }: Manifest) =>
        name.replace('TRIBUTARY_', '--').toLowerCase().replaceAll('_', '-'),
      );
      const known = options.filter((option: string) => option !== '--cpus');
      assert.deepEqual(faultsOf([args[0], ...known]), [], names.join());
      const isSecured = names.includes('tls');
      assert.equal(known.includes('--tls-cert'), isSecured);
      for (const { httpGet } of [startupProbe, readinessProbe, livenessProbe])
        assert.equal(httpGet.scheme, isSecured ? 'HTTPS' : undefined);
      const mounted = new Set(spec.volumes.map(({ name }: Manifest) => name));
      for (const { name } of volumeMounts) assert.ok(mounted.has(name), name);
      const manifestsVolume = spec.volumes.find(({ name }: Manifest) => name === 'manifests');
      assert.deepEqual(
        Object.keys(manifestsVolume).toSorted(),
        [names.includes('shared-manifests') ? 'persistentVolumeClaim' : 'emptyDir', 'name'].toSorted(),
      );
    }
    const monitor = manifests.find(({ kind }) => kind === 'PodMonitor');
    assert.equal(monitor !== undefined, names.includes('monitoring'));
    if (monitor) assert.equal(monitor.spec.podMetricsEndpoints[0].scheme, names.includes('tls') ? 'https' : undefined);
  }
});

test('every file is named by its kustomization, and the other way round', () => {
  for (const part of ['base', ...components.map((name) => `components/${name}`), 'overlays/example']) {
    const { resources = [], patches = [], configMapGenerator = [] } = kustomization(part);
    const named = [
      ...resources.filter((resource: string) => resource.endsWith('.yaml')),
      ...patches.map(({ path }: Manifest) => path),
      ...configMapGenerator.flatMap(({ files }: Manifest) => files),
    ];
    const present = readdirSync(pathOf(`${folder}/${part}`)).filter((file) => file !== 'kustomization.yaml');
    assert.deepEqual([...new Set(named)].sort(), present.sort(), part);
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
  for (const { spec } of podsOf(base))
    for (const { args } of [...spec.initContainers, ...spec.containers]) assert.deepEqual(faultsOf(args), []);
});

test('probes ask over HTTP, on the port of the metrics, for paths that the server has', () => {
  const source = textOf('src/server/metrics-http.ts');
  for (const name of ['loader', 'schedule']) {
    const container = find('Deployment', `tributary-${name}`).spec.template.spec.containers[0];
    const paths = ['readinessProbe', 'livenessProbe', 'startupProbe'].map((probe) => container[probe].httpGet);
    assert.deepEqual(paths, [
      { path: '/readyz', port: 'metrics' },
      { path: '/healthz', port: 'metrics' },
      { path: '/healthz', port: 'metrics' },
    ]);
    for (const { path } of paths) assert.ok(source.includes(`'${path}'`));
  }
});

test('services lead to the ports where their pods listen', () => {
  for (const name of ['loader', 'schedule']) {
    const service = find('Service', `tributary-${name}`);
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
  assert.equal(find('Service', 'tributary-loader').spec.clusterIP, 'None');
});

test('every pod is confined, reads the data only, and none but the index writes manifests', () => {
  assert.equal(podsOf(base).length, 2);
  for (const { metadata, spec } of podsOf(base)) {
    const name = metadata.labels['app.kubernetes.io/name'];
    assert.equal(spec.automountServiceAccountToken, false, name);
    assert.equal(spec.securityContext.runAsNonRoot, true, name);
    assert.equal(spec.securityContext.seccompProfile.type, 'RuntimeDefault', name);
    assert.equal(spec.serviceAccountName, find('ServiceAccount', 'tributary').metadata.name);
    assert.equal(spec.initContainers.length, 1);
    assert.equal(spec.containers.length, 1);
    for (const { name, securityContext, volumeMounts, resources } of [...spec.initContainers, ...spec.containers]) {
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
      assert.equal(mount('/var/lib/tributary').readOnly ?? false, name !== 'index', name);
    }
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
  const [{ name, valueFrom }] = find('Deployment', 'tributary-loader').spec.template.spec.containers[0].env;
  assert.ok(textOf('src/cli/cpus.cts').includes(`process.env.${name}`));
  assert.equal(valueFrom.resourceFieldRef.resource, 'requests.cpu');
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
  const [{ external }] = spec.metrics;
  const { rules } = yamlOf(textOf('deploy/prometheus/adapter-rules.yml'));
  const [{ name, seriesQuery, metricsQuery }] = rules.external;
  assert.equal(name.as, external.metric.name);
  assert.match(metricsQuery, /^sum\(/, 'replicas wanted add up over replicas');
  assert.ok(seriesQuery.startsWith(name.matches));
  assert.ok(textOf('src/server/metrics.ts').includes(`'${name.matches}'`));
});

test('the disruption budget covers the pods of the loader', () => {
  const { spec } = find('PodDisruptionBudget', 'tributary-loader');
  assert.deepEqual(spec.selector.matchLabels, find('Deployment', 'tributary-loader').spec.template.metadata.labels);
});
