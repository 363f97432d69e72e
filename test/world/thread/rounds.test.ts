import t, { type Test } from 'tap'
import { inAnyRound } from './rounds.ts'

/** How it ends, and after how many rounds, when these are measured one after the other. */
async function judged(rounds: readonly (readonly [took: number, whole: number])[]) {
  const ended: { passed?: string; failed?: string; rounds?: readonly string[] } = {}
  const told = {
    comment() {},
    pass: (what: string) => void Object.assign(ended, { passed: what }),
    fail: (what: string, extra: { readonly rounds: readonly string[] }) =>
      void Object.assign(ended, { failed: what, rounds: extra.rounds }),
  }
  let count = 0
  await inAnyRound(
    told as unknown as Test,
    'ms',
    async round => {
      count += 1
      const [took, whole] = rounds[round] ?? rounds.at(-1) ?? [0, 0]
      return { took, whole }
    },
    ({ took, whole }) => took < whole / 2,
  )
  return { count, ...ended }
}

t.test('the first round that holds ends it', async t => {
  t.match(await judged([[1, 10]]), { count: 1, passed: 'ms' })
  t.match(
    await judged([
      [9, 10],
      [8, 10],
      [4, 10],
    ]),
    { count: 3, passed: 'ms' },
  )
})

t.test('two rounds that were spoilt each in its own figure are judged by the least of each', async t => {
  t.match(
    await judged([
      [4, 7],
      [90, 9],
      [3, 5],
    ]),
    { count: 10, failed: /in none of 10 rounds/ },
    'the least of all is what is compared with, too',
  )
  t.match(
    await judged([
      [40, 30],
      [14, 29],
    ]),
    { count: 2, passed: 'ms' },
  )
})

t.test('what is slow in itself fails, and every round is told', async t => {
  const { count, failed, rounds } = await judged([[9, 10]])
  t.equal(count, 10)
  t.match(failed, /^ms: in none of 10 rounds$/)
  t.strictSame(
    rounds,
    Array.from({ length: 10 }, () => 'took 9.0, whole 10.0'),
  )
})
