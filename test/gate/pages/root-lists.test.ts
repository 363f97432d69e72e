import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { gunzipSync } from 'node:zlib'
import t, { type Test } from 'tap'
import { GateError } from '../../../src/domain/base/errors.ts'
import { millis } from '../../../src/domain/base/instant.ts'
import { createRootLists, type OpenRootList } from '../../../src/gate/pages/root-lists.ts'
import type { RootList } from '../../../src/ports/outward.ts'
import { createScratch } from '../../../src/store/disk/scratch.ts'
import { until } from '../../world/until.ts'

const LIST = JSON.stringify({ meta: { 'api-version': '1.4' }, projects: [{ name: 'demo' }], more: 'what else it said' })

/** Lists of an index, which says `LIST` and is asked as often as `asked` says. */
function listsOf(t: Test, maxAge: number, maxStale = 0) {
  const state = { asked: [] as (string | undefined)[], fails: false }
  const source: RootList = {
    async open(known) {
      state.asked.push(known)
      if (state.fails) throw new GateError('unknown-upstream', 'it does not answer')
      if (known === 'tag') return { kind: 'unchanged' }
      return { kind: 'list', body: Readable.from([Buffer.from(LIST)]), coding: 'identity', serial: '7', etag: 'tag' }
    },
  }
  const folder = mkdtempSync(join(tmpdir(), 'portcullis-lists-'))
  const scratch = createScratch(folder)
  const lists = createRootLists({ source, scratch, maxAge: millis(maxAge), maxStale: millis(maxStale) })
  t.teardown(() => {
    lists.close()
    rmSync(folder, { recursive: true, force: true })
  })
  return { state, lists }
}

async function textOf({ file }: OpenRootList): Promise<Buffer> {
  const bytes = Buffer.alloc(file.size)
  await file.read(bytes, 0)
  file.close()
  return bytes
}

t.test('many who ask at once cost one question, and each form is made of what came', async t => {
  const { state, lists } = listsOf(t, 60_000)
  const opened = await Promise.all([
    lists.open('json', 'gzip'),
    lists.open('json', 'identity'),
    lists.open('html', 'identity'),
  ])
  t.strictSame(
    opened.map(({ serial }) => serial),
    ['7', '7', '7'],
  )
  const [packed, json, html] = (await Promise.all(opened.map(textOf))) as [Buffer, Buffer, Buffer]
  t.same(gunzipSync(packed), json)
  t.match(JSON.parse(json.toString()), { projects: [{ name: 'demo' }] })
  t.notMatch(json.toString(), 'what else it said')
  t.match(html.toString(), /<a href="\/?(?:simple\/)?demo\/?">demo<\/a>/)
  t.strictSame(state.asked, [undefined])
})

t.test('an old one is validated by its tag', async t => {
  const { state, lists } = listsOf(t, -1)
  for (let times = 0; times < 2; times += 1) await textOf(await lists.open('json', 'gzip'))
  t.strictSame(state.asked, [undefined, 'tag'])
})

t.test('where the index does not answer, the one before stands in, for so long', async t => {
  for (const [maxStale, outcome] of [
    [60_000, 'stands in'],
    [0, 'unknown-upstream'],
  ] as const) {
    const { state, lists } = listsOf(t, -1, maxStale)
    await textOf(await lists.open('json', 'gzip'))
    state.fails = true
    const now = lists.open('json', 'gzip')
    if (outcome === 'stands in') t.ok((await textOf(await now)).length > 0, outcome)
    else await t.rejects(now, { code: outcome })
  }
})

t.test('a list that does not come to its end is none, after a time', async t => {
  const scratch = createScratch(t.testdir())
  let destroyed = false
  const source: RootList = {
    async open() {
      const body = Readable.from(
        (async function* () {
          yield Buffer.from('{"meta":{},"projects":[')
          for (;;) {
            yield Buffer.from('{"name":"demo"},')
            await new Promise(resolve => setTimeout(resolve, 5))
          }
        })(),
        { objectMode: false },
      )
      body.once('close', () => {
        destroyed = true
      })
      return { kind: 'list', body, coding: 'identity', serial: undefined, etag: undefined }
    },
  }
  const ages = { maxAge: millis(60_000), maxStale: millis(0) }
  const lists = createRootLists({ source, scratch, ...ages, longest: millis(100) })
  await t.rejects(lists.open('json', 'gzip'), {
    code: 'unknown-upstream',
    detail: 'the list of all projects took more than 100 ms to come',
  })
  await until('what still came is let go of', () => destroyed)
})
