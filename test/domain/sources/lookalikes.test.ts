import fc from 'fast-check'
import t from 'tap'
import { Lookalikes } from '../../../src/domain/sources/lookalikes.ts'

const owned = new Lookalikes(['acme-core', 'left-hand', 'abc'])

t.test('a name that differs by separators, by digits for letters or by one edit is a lookalike', async t => {
  for (const name of [
    'acmecore',
    'a-cme-core',
    'acme-c0re',
    '4cme-core',
    'acme-cor3',
    'acme-cores',
    'acme-cor',
    'acme-code',
    'acme-croe',
    'xacme-core',
  ])
    t.equal(owned.of(name), 'acme-core', name)
  t.equal(owned.of('1eft-hand'), 'left-hand')
  t.equal(owned.of('ieft-hand'), 'left-hand')
})

t.test('the name itself is none, and neither is what is two edits away', async t => {
  for (const name of ['acme-core', 'acme-cordes', 'acme', 'core', 'acme-croes', 'flask', 'acme-core-extra'])
    t.equal(owned.of(name), undefined, name)
})

t.test('a short name is taken for its spellings alone: one edit leads from it to too much', async t => {
  t.equal(owned.of('a-b-c'), 'abc')
  t.equal(owned.of('48c'), 'abc')
  t.equal(owned.of('abd'), undefined)
  t.equal(owned.of('abcd'), undefined)
})

t.test('a name is found from every text that is one edit away from it, and from none that is not', async t => {
  const name = fc.stringMatching(/^[a-h]{4,10}$/)
  fc.assert(
    fc.property(name, name, (one, other) => {
      t.equal(new Lookalikes([one]).of(other) !== undefined, one !== other && distance(one, other) <= 1)
    }),
    { numRuns: 500 },
  )
  fc.assert(
    fc.property(name, fc.nat(), fc.constantFrom('more', 'less', 'other', 'swapped'), (one, where, edit) => {
      const edited = editOf(one, where % one.length, edit)
      t.equal(new Lookalikes([one]).of(edited), edited === one ? undefined : one)
    }),
  )
})

function editOf(text: string, at: number, edit: string): string {
  const [before, after] = [text.slice(0, at), text.slice(at + 1)]
  if (edit === 'more') return `${before}z${text.slice(at)}`
  if (edit === 'less') return before + after
  if (edit === 'other') return `${before}z${after}`
  return `${before}${after.slice(0, 1)}${text.slice(at, at + 1)}${after.slice(1)}`
}

/** By the textbook: a table of prefixes. */
function distance(one: string, other: string): number {
  const table = Array.from({ length: one.length + 1 }, (_, i) => [i, ...Array<number>(other.length).fill(0)])
  const at = (i: number, j: number): number => table[i]?.[j] ?? 0
  for (let j = 0; j <= other.length; j += 1) (table[0] ?? [])[j] = j
  for (let i = 1; i <= one.length; i += 1)
    for (let j = 1; j <= other.length; j += 1) {
      const swap = one[i - 1] === other[j - 2] && one[i - 2] === other[j - 1] ? at(i - 2, j - 2) + 1 : Infinity
      const changed = at(i - 1, j - 1) + (one[i - 1] === other[j - 1] ? 0 : 1)
      ;(table[i] ?? [])[j] = Math.min(at(i - 1, j) + 1, at(i, j - 1) + 1, changed, swap)
    }
  return at(one.length, other.length)
}
