import type { ByteRange } from '../../ports/blobs.ts'

/** What a Range header asks of a body: all of it, a part, or something that it does not have. */
export type WantedRange =
  | { readonly kind: 'whole' }
  | { readonly kind: 'part'; readonly range: ByteRange }
  | { readonly kind: 'unsatisfiable' }

const WHOLE: WantedRange = { kind: 'whole' }
const UNSATISFIABLE: WantedRange = { kind: 'unsatisfiable' }
const SINGLE = /^bytes=[ \t]*(\d*)-(\d*)[ \t]*$/i

/**
 * Reads Range and If-Range (RFC 9110 §13.1.5, §14.2). Several ranges, other units and malformed ones are answered with the
 * whole body, which a server may always do; so is an If-Range that is not our strong tag, dates included.
 */
export function readRange(
  headers: { readonly range: string | undefined; readonly ifRange: string | undefined },
  body: { readonly size: number; readonly etag: string },
): WantedRange {
  const { range, ifRange } = headers
  if (range === undefined || (ifRange !== undefined && ifRange !== body.etag)) return WHOLE
  const [, first, last] = SINGLE.exec(range) ?? []
  if (first === undefined || last === undefined || (first === '' && last === '')) return WHOLE
  const { size } = body
  if (first === '') {
    const length = Math.min(Number(last), size)
    return length === 0 ? UNSATISFIABLE : part(size - length, size - 1)
  }
  const start = Number(first)
  if (last !== '' && Number(last) < start) return WHOLE
  if (start >= size) return UNSATISFIABLE
  return part(start, last === '' ? size - 1 : Math.min(Number(last), size - 1))
}

function part(start: number, end: number): WantedRange {
  return { kind: 'part', range: { start, end } }
}
