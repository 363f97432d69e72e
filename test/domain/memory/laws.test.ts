import fc, { type Arbitrary } from 'fast-check'
import t from 'tap'
import { type Facts, learn, mergeMemories, ProjectMemory } from '../../../src/domain/memory/project-memory.ts'
import { mergeReading, mergeSighting } from '../../../src/domain/memory/sighting.ts'
import { fileOf, PKG, pageOf, plain, textOf } from '../../store/facts.ts'
import {
  anyFacts,
  anyFinding,
  anyMemory,
  anyPage,
  anyProved,
  anyReading,
  anySighting,
  KEYS,
  learnAll,
} from './any-facts.ts'

/** A way to put two together that depends neither on the order nor on how often, compared by what `see` sees. */
function isMerge<Value>(
  name: string,
  any: Arbitrary<Value>,
  merge: (one: Value, other: Value) => Value,
  see: (value: Value) => unknown = value => value,
): void {
  t.test(`${name} of two`, async t => {
    t.test('is associative', async t => {
      fc.assert(
        fc.property(any, any, any, (a, b, c) => same(see(merge(merge(a, b), c)), see(merge(a, merge(b, c))))),
        { numRuns: 500 },
      )
      t.pass()
    })
    t.test('is commutative', async t => {
      fc.assert(
        fc.property(any, any, (a, b) => same(see(merge(a, b)), see(merge(b, a)))),
        { numRuns: 500 },
      )
      t.pass()
    })
    t.test('is nothing when repeated', async t => {
      fc.assert(
        fc.property(
          any,
          any,
          (a, b) => same(see(merge(a, a)), see(a)) && same(see(merge(merge(a, b), b)), see(merge(a, b))),
        ),
        { numRuns: 500 },
      )
      t.pass()
    })
  })
}

function same(one: unknown, other: unknown): boolean {
  return textOf(one) === textOf(other)
}

isMerge('what was seen of a file', anySighting, mergeSighting)
isMerge('readings of a page', anyReading, mergeReading)
isMerge('memories, but for findings,', anyMemory, mergeMemories, memory => plain(memory))

t.test('the findings of two memories put together are those of the first', async t => {
  fc.assert(fc.property(anyMemory, anyMemory, (one, other) => mergeMemories(one, other).findings === one.findings))
  t.pass()
})

t.test('what is learned twice is learned', async t => {
  fc.assert(
    fc.property(anyMemory, anyFacts, (memory, facts) => {
      const once = learn(memory, facts).memory
      const again = learn(once, facts)
      return same(plain(again.memory, KEYS), plain(once, KEYS)) && again.proofs.length === 0
    }),
    { numRuns: 500 },
  )
  t.pass()
})

t.test('a page that is learned in parts and then whole is learned as it is whole', async t => {
  fc.assert(
    fc.property(anyMemory, anyPage, fc.integer({ min: 1, max: 3 }), (memory, page, size) => {
      let inParts = memory
      for (let from = 0; from < page.files.length; from += size)
        inParts = learn(inParts, { listed: { at: page.at, files: page.files.slice(from, from + size) } }).memory
      return same(plain(learn(inParts, { page }).memory, KEYS), plain(learn(memory, { page }).memory, KEYS))
    }),
    { numRuns: 500 },
  )
  t.pass()
})

t.test('what nothing was learned of stays the same object', async t => {
  const memory = learnAll([{ ...pageOf([fileOf('pkg-1.0.tar.gz')]), serial: 3 }])
  const { history } = memory
  const same = learn(memory, { ...pageOf([fileOf('pkg-1.0.tar.gz')]), serial: 3 })
  t.equal(same.memory, memory)
  t.strictSame(
    { ...same, memory: undefined },
    { memory: undefined, sightings: [], reading: undefined, proofs: [], settled: [], serials: undefined, findings: [] },
  )
  const reread = learn(memory, { reread: 2_000_000_000_000 as never }).memory
  t.equal(reread.sightings, memory.sightings)
  t.equal(reread.history, history)
  t.not(reread, memory)
})

t.test('the order of facts that have nothing to do with each other does not matter', async t => {
  const distinct = <Value>(any: Arbitrary<Value>, name: (value: Value) => string): Arbitrary<Value[]> =>
    fc.uniqueArray(any, { selector: name, maxLength: 4 })
  const independent = fc
    .record({
      page: anyPage,
      serial: fc.nat(5),
      proofs: distinct(anyProved, ({ filename }) => filename),
      findings: distinct(anyFinding, ({ key }) => `${key.filename} ${key.trustDigest}`),
    })
    .map(({ page, serial, proofs, findings }): readonly Facts[] => [
      { page },
      { serial },
      ...proofs.map(proof => ({ proofs: [proof] })),
      ...findings.map(finding => ({ findings: [finding] })),
    ])
  const shuffled = independent.chain(facts =>
    fc.tuple(fc.constant(facts), fc.shuffledSubarray([...facts], { minLength: facts.length, maxLength: facts.length })),
  )
  fc.assert(
    fc.property(anyMemory, shuffled, (memory, [facts, others]) => {
      const after = (all: readonly Facts[]) => all.reduce((known, each) => learn(known, each).memory, memory)
      return same(plain(after(facts), KEYS), plain(after(others), KEYS))
    }),
  )
  t.pass()
})

t.test('whatever is learned, first things stay and times only rise', async t => {
  fc.assert(
    fc.property(anyMemory, anyFacts, (before, facts) => {
      const after = learn(before, facts).memory
      for (const [filename, first] of before.sightings) {
        const now = after.sightings.get(filename)
        if (now === undefined || now.firstSeen !== first.firstSeen || now.asOf < first.asOf) return false
        const mayChange = !before.settled.has(filename) && first.other?.value === now.sha256
        if (first.sha256 !== undefined && now.sha256 !== first.sha256 && !mayChange) return false
        if ((now.absent ?? 0) < (first.absent ?? 0)) return false
        if (first.uploaded !== undefined && (now.uploaded ?? 0) < first.uploaded) return false
        if (first.offered !== undefined && now.offered !== first.offered) return false
      }
      for (const [filename, file] of before.settled) if (after.settled.get(filename) !== file) return false
      for (const [filename, proof] of before.proofs) if (after.proofs.get(filename) !== proof) return false
      const rises = (after.serial ?? 0) >= (before.serial ?? 0)
      return rises && (after.reading?.lastRead ?? 0) >= (before.reading?.lastRead ?? 0)
    }),
    { numRuns: 500 },
  )
  t.pass()
})

t.test('one memory of nothing changes nothing when put together with another', async t => {
  fc.assert(
    fc.property(anyMemory, memory => {
      const nothing = ProjectMemory.of(PKG)
      return same(plain(mergeMemories(nothing, memory)), plain(memory)) && mergeMemories(memory, nothing) === memory
    }),
  )
  t.pass()
})
