import { hostOf } from '../objects/network-fault.js';
import { StorageFault } from '../storage.js';

/** What a status that is no answer means. */
export function httpFault(url: string, status: number, denied: string = usualDenied): StorageFault {
  const isDenied = status === 401 || status === 403;
  const remedy = isDenied ? denied : status >= 300 && status < 400 ? moved : undefined;
  const what = isDenied
    ? 'not allowed to read it'
    : status >= 500 || status === 429
      ? 'the server is not able to'
      : 'refused';
  // Nothing is ever substituted for what a server will not give: only 404 and 410 are the object's own.
  return new StorageFault(url, String(status), true, `${hostOf(url)}: ${what} (HTTP ${status})`, undefined, remedy);
}

const usualDenied =
  'Let the server give its files to this machine: a path in the config carries no name and no password';
const moved = 'Set the path of the source to where the server says that it has moved';
