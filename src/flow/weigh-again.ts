/** Keeps what weighs more by now: an LRU cache weighs nothing again that is set in its own place. */
export function weighAgain<Key, Value>(
  cache: { delete(key: Key): unknown; set(key: Key, value: Value): unknown },
  key: Key,
  value: Value,
): void {
  cache.delete(key)
  cache.set(key, value)
}
