import fc from 'fast-check'
import t from 'tap'
import { type Asker, Party, Person } from '../../src/flow/asker.ts'
import { inSlices, stepsFor } from '../../src/flow/slices.ts'
import { atOnce, joinInSteps, mapInSteps, type Steps, sortInSteps } from '../../src/flow/steps.ts'
import { inAnyRound } from '../world/thread/rounds.ts'
import { longestTurn } from '../world/thread/thread-time.ts'

function* busy(ms: number): Steps<number> {
  let steps = 0
  for (const end = performance.now() + ms; performance.now() < end; steps += 1) yield
  return steps
}

/** So many steps of a millisecond each. */
function* labour(steps: number): Steps<number> {
  for (let step = 0; step < steps; step += 1) {
    const end = performance.now() + 1
    while (performance.now() < end);
    yield
  }
  return steps
}

t.test('work in slices comes to what it comes to at once', async t => {
  const numbers = Array.from({ length: 1_000 }, (_, at) => at)
  t.strictSame(await inSlices(mapInSteps(numbers, at => 2 * at)), atOnce(mapInSteps(numbers, at => 2 * at)))
  t.strictSame(atOnce(joinInSteps([Buffer.from('a'), Buffer.from('bc')])), Buffer.from('abc'))
  t.equal(await stepsFor(1, busy(1)).then(steps => steps > 0), true)
})

t.test('of many works under way one slice is done each time round', async t => {
  await inAnyRound(
    t,
    'less than half of the 60 ms that each of eight wants',
    async () => {
      const { ms } = await longestTurn(() => Promise.all(Array.from({ length: 8 }, () => inSlices(busy(60)))))
      return { 'the longest turn': ms }
    },
    ({ 'the longest turn': ms }) => ms < 30,
  )
})

t.test('a step that throws ends its work alone', async t => {
  const failing = inSlices(
    (function* (): Steps<never> {
      yield
      throw new RangeError('no further')
    })(),
  )
  const other = inSlices(busy(10))
  await t.rejects(failing, RangeError)
  t.ok((await other) > 0)
})

t.test('sorted in steps is sorted, and equal entries keep their order', async () => {
  fc.assert(
    fc.property(fc.array(fc.nat({ max: 20 }), { maxLength: 3_000, size: 'max' }), numbers => {
      const entries = numbers.map((number, at) => ({ number, at }))
      const compare = (a: { number: number }, b: { number: number }) => a.number - b.number
      return JSON.stringify(atOnce(sortInSteps(entries, compare))) === JSON.stringify(entries.toSorted(compare))
    }),
    { numRuns: 30 },
  )
})

t.test(
  'whoever wants much waits behind himself, and what several wait for takes the first turn that comes',
  async t => {
    // whose slices a pause of the machine falls into gets less done in them
    await inAnyRound(
      t,
      'one of the first four of 22',
      async () => {
        const done: string[] = []
        const work = async (name: string, asker: Asker) => {
          await inSlices(labour(20), asker)
          done.push(name)
        }
        const [many, one] = [new Person('many'), new Person('one')]
        const both = new Party(many)
        const all = Array.from({ length: 20 }, () => work('many', many))
        all.push(work('one', one), work('both', both))
        both.join(new Person('another'))
        await Promise.all(all)
        return { one: done.indexOf('one'), both: done.indexOf('both') }
      },
      places => Math.max(places.one, places.both) <= 3,
    )
  },
)
