import { whenHere } from './away.js';
import type { RowBatch } from './rows.js';

/** A manifest's rows by pages of a fixed number of rows, of which the last may be short. What still lies in a store is `Away`. */
export interface Pages {
  readonly rowsPerPage: number;
  /** A page that is read or kept: it is good until the next one is asked for. */
  at(page: number): RowBatch;
  /** A page of its own, for whoever goes through many. */
  read(page: number): RowBatch;
}

/** Pages that all lie in memory. */
export function pagesOf(batches: readonly RowBatch[], rowsPerPage: number): Pages {
  const at = (page: number): RowBatch => batches[page]!;
  return { rowsPerPage, at, read: at };
}

/** All pages of `count` rows in their order. */
export async function* allPages({ rowsPerPage, read }: Pages, count: number): AsyncGenerator<RowBatch, void> {
  for (let page = 0; page * rowsPerPage < count; page++) yield await whenHere(() => read(page));
}
