import { GateError } from '../../../domain/base/errors.ts'
import type { LedgerPage } from '../../../ports/console/ledger.ts'

const MOST = 500

/** Where a list goes on: which list it is, and numbers, or a name. */
export function numbersCursor(list: string, ...numbers: readonly number[]): string {
  return [list, ...numbers.map(String)].join('-')
}

/** @throws GateError `bad-request` for anything that {@link numbersCursor} did not make for this list */
export function readNumbers(list: string, cursor: string | undefined, count: number): readonly number[] | undefined {
  if (cursor === undefined) return undefined
  const [its, ...texts] = cursor.split('-')
  const numbers = texts.map(Number)
  const isGood = texts.every(text => /^(?:0|[1-9]\d{0,15})$/.test(text)) && numbers.every(Number.isSafeInteger)
  if (its !== list || numbers.length !== count || !isGood) throw strange()
  return numbers
}

export function nameCursor(list: string, name: string): string {
  return `${list}-${Buffer.from(name).toString('base64url')}`
}

/** @throws GateError `bad-request` for anything that {@link nameCursor} did not make for this list */
export function readName(list: string, cursor: string | undefined): string | undefined {
  if (cursor === undefined) return undefined
  const name = Buffer.from(cursor.slice(list.length + 1), 'base64url').toString()
  if (nameCursor(list, name) !== cursor) throw strange()
  return name
}

function strange(): GateError {
  return new GateError('bad-request', 'the cursor is none of this list: begin again without one')
}

/** @throws GateError `bad-request` */
export function readLimit({ limit }: LedgerPage): number {
  if (Number.isInteger(limit) && limit >= 1 && limit <= MOST) return limit
  throw new GateError('bad-request', `a page has 1 to ${MOST} rows`)
}
