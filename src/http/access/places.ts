import type { IndexAccess } from './identify.ts'

/** An index, and who may use it. */
export interface GuardedIndex {
  readonly name: string
  /** before `/simple/`: empty for the one at `/` */
  readonly path: string
  readonly access: IndexAccess
}

/** What a path is of. */
export type Place =
  | { readonly kind: 'index'; readonly index: GuardedIndex }
  | { readonly kind: 'metrics' }
  /** explanations, codes, the first page, and what has no route */
  | { readonly kind: 'common' }

const COMMON: Place = { kind: 'common' }
const METRICS: Place = { kind: 'metrics' }
/** First segments of paths that are no index's. */
const OWN = new Set(['', 'x', 'codes', 'vsa', 'healthz', 'readyz'])

/**
 * Whose a path is, as the router will read it: decoded once. Where several indexes lie along it, the one furthest down. The routes of an
 * index ask again (`assertMayEnter`), so what is read otherwise here leads nowhere.
 */
export function createPlaces(indexes: readonly GuardedIndex[]): (url: string) => Place {
  const places = indexes
    .map(index => ({ prefix: `${index.path}/`, place: { kind: 'index', index } as const }))
    .sort((one, other) => other.prefix.length - one.prefix.length)
  return url => {
    const mark = url.search(/[?#]/)
    const path = decoded(mark < 0 ? url : url.slice(0, mark))
    const [, first = ''] = path.split('/', 2)
    if (first === 'metrics') return METRICS
    if (OWN.has(first)) return COMMON
    return places.find(({ prefix }) => path.startsWith(prefix))?.place ?? COMMON
  }
}

/** Letters, digits and what else a path of an index is made of; nothing else can be part of one. */
function decoded(path: string): string {
  if (!path.includes('%')) return path
  return path.replace(/%([0-9a-f]{2})/gi, (written, hex: string) => {
    const character = String.fromCharCode(Number.parseInt(hex, 16))
    return /[A-Za-z0-9._~-]/.test(character) ? character : written
  })
}
