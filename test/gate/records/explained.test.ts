import t, { type Test } from 'tap'
import { millis } from '../../../src/domain/base/instant.ts'
import { decide } from '../../../src/domain/decide/decide.ts'
import type { Refused } from '../../../src/domain/decide/verdict.ts'
import { NO_HISTORY } from '../../../src/domain/memory/history.ts'
import { createExplained } from '../../../src/gate/records/explained.ts'
import type { KeptRefusal } from '../../../src/ports/store.ts'
import { listed, NOW, policyOf, UNATTESTED } from '../../world/judging/judging.ts'

const POLICY = policyOf('version: 1\nprojects: [{ match: pkg, attestation: required, identity: first-seen }]')

function refusedOf(filename: string): Refused {
  const verdict = decide(listed(filename), UNATTESTED, POLICY, NO_HISTORY, NOW)
  if (verdict.kind !== 'refused') throw new TypeError('it was to be refused')
  return verdict
}

function scene(t: Test, keep = millis(90 * 86_400_000)) {
  const kept = new Map<string, KeptRefusal>()
  const disk = { fails: false }
  const told: string[] = []
  let gone: (ids: readonly string[]) => void = () => {}
  const explained = createExplained({
    refusals: {
      put(id, refused, at) {
        if (disk.fails) throw new TypeError('no room')
        kept.set(id, { refused, at })
      },
      get: async id => kept.get(id),
      watch: tell => {
        gone = tell
      },
    },
    clock: () => NOW,
    keep,
  })
  t.teardown(() => explained.close())
  const soon = (refused: Refused, tell: () => Refused | undefined = () => refused) =>
    explained.keepSoon({
      words: refused,
      tell() {
        told.push(refused.file.filename)
        return tell()
      },
    })
  /** The store lets go of it. */
  const letGo = (...ids: string[]) => {
    for (const id of ids) kept.delete(id)
    gone(ids)
  }
  return { explained, kept, disk, told, soon, letGo }
}

const [WHEEL, SDIST] = ['pkg-1.0.0-py3-none-any.whl', 'pkg-1.0.0.tar.gz'].map(refusedOf) as [Refused, Refused]

t.test('a refusal has one id, whether it is kept at once or soon', async t => {
  const { explained, soon } = scene(t)
  t.equal(soon(WHEEL), explained.keep(WHEEL))
  t.match(explained.keep(WHEEL), /^[0-9a-z]{12}$/)
  t.not(soon(SDIST), soon(WHEEL))
})

t.test('a refusal that is kept soon is told in full when somebody asks, and not before', async t => {
  const { explained, told, soon } = scene(t)
  const [id] = [soon(WHEEL), soon(SDIST)]
  t.strictSame(told, [])
  t.strictSame(await explained.get(id), { refused: WHEEL, at: NOW })
  t.strictSame(told, [WHEEL.file.filename])
})

t.test('what nobody asked for is written down all the same', async t => {
  const { kept, soon, explained } = scene(t)
  const ids = [soon(WHEEL), soon(SDIST)]
  explained.close()
  t.strictSame(
    ids.map(id => kept.get(id)?.refused),
    [WHEEL, SDIST],
  )
})

t.test('it is written down without an end of the gate, too, and once', async t => {
  const { kept, told, soon, explained } = scene(t)
  const id = soon(WHEEL)
  while (kept.size === 0) await new Promise(resolve => setTimeout(resolve, 20))
  t.equal(soon(WHEEL), id)
  explained.close()
  t.strictSame(told, [WHEEL.file.filename])
})

t.test('what would be something else by now is told in the words that the page had', async t => {
  for (const tell of [() => undefined, () => SDIST]) {
    const { explained, soon } = scene(t)
    const found = await explained.get(soon(WHEEL, tell))
    const { code, file, detail, rule, policyDigest } = WHEEL
    t.match(found?.refused, { kind: 'refused', code, file, detail, rule, policyDigest, notes: [] })
    t.equal(found?.refused.steps.length, 1)
  }
})

t.test('while nothing can be written, it is told from memory', async t => {
  const { explained, disk, kept, soon } = scene(t)
  disk.fails = true
  const id = soon(WHEEL)
  explained.close()
  t.equal(kept.size, 0)
  t.strictSame((await explained.get(id))?.refused, WHEEL)
})

t.test(
  'a refusal whose explanation went is kept anew when it is told again, and so is what a page says of it',
  async t => {
    const { explained, kept, soon, letGo } = scene(t)
    const id = explained.keep(WHEEL)
    const other = explained.keep(SDIST)
    const before = explained.edition()
    letGo(id)
    t.not(explained.edition(), before, 'a page that leads there is made anew')
    t.equal(soon(WHEEL), id)
    t.strictSame((await explained.get(id))?.refused, WHEEL)
    letGo(other)
    t.equal(explained.keep(SDIST), other)
    t.ok(kept.has(other))
  },
)

t.test('what nobody was told of lately went without a word', async t => {
  const { explained, letGo } = scene(t)
  const before = explained.edition()
  letGo('0123456789ab')
  t.equal(explained.edition(), before)
})

t.test('a refusal that is told all the time is kept again long before it would go', async t => {
  const KEEP = millis(4_000)
  const { explained, kept } = scene(t, KEEP)
  explained.keep(WHEEL)
  kept.clear()
  explained.keep(WHEEL)
  t.equal(kept.size, 0, 'it was kept a moment ago')
  await new Promise(resolve => setTimeout(resolve, KEEP / 2 + 10))
  explained.keep(WHEEL)
  t.equal(kept.size, 1)
})
