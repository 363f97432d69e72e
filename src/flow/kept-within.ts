import { LRUCache } from 'lru-cache'

/** What an entry takes beside its text, about bytes: its slots in the map and the lists of the cache. */
const ENTRY = 128

interface Bounds<Value> {
  /** bytes, about, that all of it may take */
  readonly bytes: number
  /** bytes, about, that a value takes; absent: none of its own */
  readonly weigh?: (value: Value) => number
  /** ms */
  readonly ttl?: number
}

/**
 * What was used lately, by text, bounded by what it takes and not by how many there are. One that is bounded by their number alone
 * sets its lists up for all of them at once: those of a gate were 7 MB before the first request.
 */
export function keptWithin<Key extends string, Value extends NonNullable<unknown>>({
  bytes,
  weigh,
  ttl,
}: Bounds<Value>): LRUCache<Key, Value> {
  return new LRUCache<Key, Value>({
    maxSize: bytes,
    sizeCalculation: (value, key) => ENTRY + key.length + (weigh?.(value) ?? 0),
    ...(ttl === undefined ? {} : { ttl }),
  })
}
