import { setImmediate } from 'node:timers/promises'

/** Rows of one batch: some milliseconds. */
const BATCH = 500

/** Rows in the order of their numbers, in batches between which others have their turn. */
export async function* inBatches<Row extends { readonly id: number }>(
  select: (after: number, limit: number) => readonly Row[],
): AsyncGenerator<Row> {
  for (let rows = select(0, BATCH); rows.length > 0; ) {
    yield* rows
    await setImmediate()
    rows = select(rows.at(-1)?.id ?? 0, BATCH)
  }
}
