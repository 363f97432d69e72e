import { type BigIntStats, lstatSync } from 'node:fs'

/** By what a change of a stored file is noticed without reading it. */
export interface StatRecord {
  readonly dev: bigint
  readonly ino: bigint
  readonly size: bigint
  readonly mtimeNs: bigint
  readonly ctimeNs: bigint
  readonly mode: bigint
}

/** As it is remembered in the database. */
export function statText({ dev, ino, size, mtimeNs, ctimeNs }: Omit<StatRecord, 'mode'>): string {
  return `${dev}:${ino}:${size}:${mtimeNs}:${ctimeNs}`
}

/** True when the very file that the record is about still stands at the path, unchanged. Some microseconds. */
export function unchangedAt(path: string, record: StatRecord): boolean {
  let stat: BigIntStats | undefined
  try {
    stat = lstatSync(path, { bigint: true, throwIfNoEntry: false })
  } catch {
    return false // the slow way says what is wrong
  }
  return (
    stat !== undefined &&
    stat.ino === record.ino &&
    stat.ctimeNs === record.ctimeNs &&
    stat.mtimeNs === record.mtimeNs &&
    stat.size === record.size &&
    stat.dev === record.dev
  )
}

/** Owner and group read, nobody else: what a front needs that sends files itself. */
export const GROUP_READS = 0o640

export function mayGroupRead({ mode }: Pick<StatRecord, 'mode'>): boolean {
  return (mode & 0o040n) !== 0n
}

/** True when there is certainly nothing at the path. Some microseconds. */
export function isNothingAt(path: string): boolean {
  try {
    return lstatSync(path, { throwIfNoEntry: false }) === undefined
  } catch {
    return false // the slow way says what is wrong
  }
}
