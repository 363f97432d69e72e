import { GateError } from '../../../domain/base/errors.ts'

/** Where a list goes on: the name of the list, and what its rows are found by. */
export function cursorOf(list: string, after: string): string {
  return Buffer.from(JSON.stringify([list, after])).toString('base64url')
}

/** @throws GateError `bad-call` for one of another list, or that nobody gave out */
export function readCursor(list: string, cursor: string | undefined): string | undefined {
  if (cursor === undefined) return undefined
  const [of, after] = parse(cursor)
  // no row is found by what no database has a text for
  if (of === list && typeof after === 'string' && !after.includes('\0')) return after
  throw new GateError('bad-call', 'cursor: is none that this list gave out')
}

function parse(cursor: string): readonly unknown[] {
  try {
    const read: unknown = JSON.parse(Buffer.from(cursor, 'base64url').toString())
    return Array.isArray(read) ? read : []
  } catch {
    return []
  }
}
