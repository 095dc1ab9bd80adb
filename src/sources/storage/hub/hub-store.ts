import { TributaryError } from '../../../errors.js';
import { httpFault } from '../http/http-faults.js';
import { askOverHttp, drain, type HttpAnswer, textOf } from '../http/http-request.js';
import type { ObjectStore } from '../objects/object-store.js';
import type { Entry, StorageFault } from '../storage.js';
import { hubToken } from './hub-token.js';

const denied =
  'Set HF_TOKEN to a token that may read the data set, and accept its terms at the hub; or mend its name, as the hub says the same of what it does not have';

/** The hub sends those who ask for a large file elsewhere, and those who use an old name to the new one. */
const mostRedirects = 5;

/** What a URL of a file or folder of a data set says. */
interface HubPlace {
  readonly name: string;
  readonly revision: string;
  /** Encoded, with a slash before it where it is not empty. */
  readonly path: string;
}

/** Data sets of the Hugging Face hub, or of what `HF_ENDPOINT` names, as files: `hf://datasets/OWNER/NAME[@REVISION]/FOLDER`. */
export function hubStore(): ObjectStore {
  const endpoint = () => (process.env.HF_ENDPOINT ?? 'https://huggingface.co').replace(/\/+$/, '');

  /** The token goes to the hub alone. */
  async function ask(method: 'GET' | 'HEAD', url: string, shown: string, signal: AbortSignal, headers = {}) {
    const token = url.startsWith(`${endpoint()}/`) ? await hubToken() : null;
    const all = { ...headers, ...(token !== null && { authorization: `Bearer ${token}` }) };
    return askOverHttp({ method, url, headers: all }, shown, signal);
  }

  function resolveUrl(url: string): string {
    const { name, revision, path } = hubPlace(url);
    return `${endpoint()}/datasets/${name}/resolve/${revision}${path}`;
  }

  const list: ObjectStore['list'] = async (folder, after, signal) => {
    const { name, revision, path } = hubPlace(folder);
    const first = `${endpoint()}/api/datasets/${name}/tree/${revision}${path}?limit=1000`;
    const answer = await ask('GET', after ?? first, folder, signal);
    if (answer.status === 404) {
      await drain(answer);
      return null;
    }
    if (answer.status !== 200) throw refusal(folder, answer);
    const found = JSON.parse(await textOf(answer)) as HubEntry[];
    const next = /<([^>]+)>;\s*rel="next"/.exec(String(answer.headers.link ?? ''))?.[1] ?? null;
    if (next !== null && !next.startsWith(`${endpoint()}/`)) throw refusal(folder, answer);
    return { entries: found.map(entryOf), after: next };
  };

  return {
    resolve: resolveHub,
    list,

    async head(url, signal) {
      if (hubPlace(url).path === '') return null;
      const answer = await ask('HEAD', resolveUrl(url), url, signal);
      await drain(answer);
      if (answer.status === 404) return null;
      if (answer.status >= 400) throw refusal(url, answer);
      const size = Number(answer.headers['x-linked-size'] ?? answer.headers['content-length']);
      return { kind: 'file', size, version: versionOf(answer) };
    },

    isFolder: async (url, signal) => (await list(url, null, signal)) !== null,

    async get(url, { offset, length }, signal) {
      const headers = { range: `bytes=${offset}-${offset + Math.max(length, 1) - 1}` };
      const first = await ask('GET', resolveUrl(url), url, signal, headers);
      if (first.status === 404) {
        await drain(first);
        return null;
      }
      let answer = first;
      let at = resolveUrl(url);
      for (let hops = 0; answer.status >= 300 && answer.status < 400 && hops < mostRedirects; hops++) {
        await drain(answer);
        at = new URL(answer.headers.location ?? '', at).href;
        answer = await ask('GET', at, url, signal, headers);
      }
      const [, from, size] = /^bytes (\d+)-\d+\/(\d+)$/.exec(answer.headers['content-range'] ?? '') ?? [];
      if (answer.status !== 206 || Number(from) !== offset) throw refusal(url, answer);
      return { size: Number(size), version: versionOf(first), body: answer.body };
    },
  };
}

function refusal(url: string, answer: HttpAnswer): StorageFault {
  answer.destroy();
  return httpFault(url, answer.status, denied);
}

interface HubEntry {
  readonly type: string;
  readonly path: string;
  readonly size: number;
  /** Git's name of the content, which for a large file is that of a pointer to it. */
  readonly oid: string;
  readonly lfs?: { readonly oid: string };
}

function entryOf({ type, path, size, oid, lfs }: HubEntry): Entry {
  const name = path.slice(path.lastIndexOf('/') + 1);
  return type === 'directory'
    ? { name, kind: 'folder', size: null }
    : { name, kind: 'file', size, version: lfs?.oid ?? oid };
}

/** The content's name, which the hub says with its redirect, as listings have it. */
function versionOf({ headers }: HttpAnswer): string {
  return String(headers['x-linked-etag'] ?? headers.etag ?? '0').replace(/^(?:W\/)?"(.*)"$/, '$1');
}

const form = /^hf:\/\/datasets\/([\w.-]+\/[\w.-]+)(?:@([\w.-]+))?(\/.*)?$/s;

function hubPlace(url: string): HubPlace {
  const [, name, revision = 'main', path = ''] = form.exec(url)!;
  return { name: name!, revision, path: path.split('/').map(encodeURIComponent).join('/') };
}

function resolveHub(given: string): string {
  const url = given.replace(/^hf:/i, 'hf:').replace(/\/+$/, '');
  if (form.test(url)) return url;
  throw new TributaryError('CONFIG_INVALID', {
    expected: 'hf://datasets/OWNER/NAME, with @REVISION and a folder after it where they are not main and the top',
    came: 'another URL',
    remedy: 'Set the path of the source to a data set of the hub',
  });
}
