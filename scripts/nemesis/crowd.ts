import { Loader } from '../../src/client/loader.js';
import { tlsCredentials } from '../../src/client/tls.js';
import { TributaryError } from '../../src/errors.js';

// crowd.js ADDRESSES AUTHORITY TOKEN-FILE CLIENTS: so many clients that take all they can get, until they are killed.
const [address, authority, tokenFile, clients] = process.argv.slice(2);
const credentials = await tlsCredentials({ authority, tokenFile });

async function take(epoch: number): Promise<void> {
  const loader = await Loader.connect({ address: address!, run: { name: 'near' }, credentials });
  try {
    for (;;) for await (const _ of loader.batches(epoch));
  } catch (error) {
    if (!(error instanceof TributaryError)) throw error;
  } finally {
    loader.close();
  }
}

await Promise.all(Array.from({ length: Number(clients) }, (_, client) => take(client % 4)));
