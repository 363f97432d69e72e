import t from 'tap'
import { instant, millis } from '../../../src/domain/base/instant.ts'
import { parseProjectName } from '../../../src/domain/packaging/name.ts'
import { createSourcedIndex } from '../../../src/gate/sources/sourced-index.ts'
import { createStrangersPages } from '../../../src/gate/sources/strangers-pages.ts'
import { createFakeSources } from './fake-sources.ts'

const TOOLS = parseProjectName('tools')
const MAX_AGE = millis(600_000)

/** A name that acme had and has lost, and how often the other source was asked about it since. */
async function lostName() {
  const fakes = createFakeSources({ acme: {}, pypi: {} })
  const time = { now: 0 }
  const belonger = await fakes.index(['acme', 'pypi'])
  const index = createSourcedIndex(belonger, { clock: () => instant(time.now), maxAge: MAX_AGE })
  await index.project(TOOLS)
  fakes.states.set('acme', 'lacks')
  fakes.asked.length = 0
  return {
    fakes,
    time,
    asked: () => fakes.asked.length,
    look: async () => await index.elsewhere?.(TOOLS, () => true),
    belonger,
  }
}

t.test('all who miss a file of a lost name at a time are one question to the other source', async t => {
  const { look, asked } = await lostName()
  await Promise.all(Array.from({ length: 40 }, look))
  t.equal(asked(), 1)
})

t.test(
  'its answer is kept as long as a page is, that it has no such name too, and not when the clock went back',
  async t => {
    for (const state of ['has', 'lacks'] as const) {
      const { look, asked, time, fakes } = await lostName()
      fakes.states.set('pypi', state)
      time.now = 1_000
      await look()
      time.now += MAX_AGE
      await look()
      t.equal(asked(), 1, state)
      time.now += 1
      await look()
      t.equal(asked(), 2, state)
      time.now = 0
      await look()
      t.equal(asked(), 3, state)
    }
  },
)

t.test('that it could not answer is not kept', async t => {
  const { look, asked, fakes } = await lostName()
  fakes.states.set('pypi', 'down')
  await look()
  await look()
  t.equal(asked(), 2)
  fakes.states.set('pypi', 'has')
  await look()
  await look()
  t.equal(asked(), 3)
})

t.test('where nothing is to be kept, everybody who comes later asks', async t => {
  const { belonger, fakes } = await lostName()
  const [, pypi] = belonger.sources
  if (pypi === undefined) throw new Error('there is no second source')
  const pages = createStrangersPages(undefined)
  for (let count = 0; count < 2; count += 1) t.match(await pages(pypi, TOOLS, undefined), { source: 'pypi' })
  t.equal(fakes.asked.length, 2)
})
