/** Calls with the same key run one after the other, those with different keys side by side. */
export function createInTurn<Key>(): <Result>(key: Key, call: () => Promise<Result>) => Promise<Result> {
  const last = new Map<Key, Promise<unknown>>()
  return (key, call) => {
    const before = last.get(key) ?? Promise.resolve()
    const turn = before.then(call, call)
    last.set(key, turn)
    const leave = (): void => {
      if (last.get(key) === turn) last.delete(key)
    }
    turn.then(leave, leave)
    return turn
  }
}
