import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { sha256Of } from '../../../src/domain/base/digest.ts'
import { instant } from '../../../src/domain/base/instant.ts'
import { runCommand } from '../../world/commands/commands.ts'
import { clockAt, DAY, FIRST, now, open, refusal, SECOND, SOON } from './trust-opening.ts'
import { startTufRepository } from './trust-repository.ts'

// ---------------------------------------------------------------- the command

t.test(
  'trust update tells a refresh that succeeded from one that did not, whatever time passes while it opens',
  async t => {
    const repository = await startTufRepository(t, FIRST)
    const folder = t.testdir({ 'first-root.json': repository.firstRoot })
    const trust = { root: 'tuf', tuf_url: repository.server.origin, tuf_root: 'first-root.json' }
    writeFileSync(join(folder, 'portcullis.yaml'), JSON.stringify({ data: 'data', trust }))
    // a moment passes between any two looks at it
    let at = Date.now()
    const update = () => runCommand(['trust', 'update'], { folder, clock: () => instant(at++) })
    t.match(await update(), { exit: 0, out: /✓ tuf: refreshed/ })
    t.match(await update(), { exit: 0 }, 'again')
    repository.fault = 'gone'
    t.match(await update(), { exit: 5, out: /could not be refreshed now; the one before is still in force/ })
  },
)

// ---------------------------------------------------------------- restarts

t.test('a restart without network: within the limit the kept root is in force, beyond it is not', async t => {
  const repository = await startTufRepository(t, FIRST)
  const clock = clockAt(Date.now())
  const first = await open(t, repository, { clock: clock.read })
  await first.trust.settled()
  const { digest } = first.trust.fresh(clock.at)
  await first.trust.close()
  repository.fault = 'gone'

  const within = await open(t, repository, { clock: clockAt(clock.at + 6 * DAY).read, folder: first.folder })
  t.equal(within.trust.fresh(instant(clock.at + 6 * DAY)).digest, digest, 'before any attempt')
  t.same(within.events.actions(), ['loaded'])
  await within.trust.settled()
  t.equal(within.trust.fresh(instant(clock.at + 6 * DAY)).digest, digest, 'after one that failed')
  await within.trust.close()

  const beyond = clock.at + 8 * DAY
  const { trust, events } = await open(t, repository, { clock: clockAt(beyond).read, folder: first.folder })
  t.match(refusal(trust, instant(beyond)), /too old/)
  await trust.settled()
  t.match(refusal(trust, instant(beyond)), /too old/, 'an attempt that fails does not count')
  t.ok(events.actions().includes('stale'))
  t.equal(trust.digest(), digest)
})

t.test('what was seen before a restart is not taken back after it', async t => {
  const repository = await startTufRepository(t, FIRST)
  repository.publish({})
  repository.publish({})
  const first = await open(t, repository)
  await first.trust.settled()
  await first.trust.close()
  repository.publish({ trustedRoot: SECOND, version: 1 })
  const { trust } = await open(t, repository, { folder: first.folder })
  await trust.settled()
  t.match(trust.status(now()), { digest: first.trust.digest(), detail: /failed \(BadVersionError\)/ })
})

t.test('what a refresh saw before it failed is not taken back either', async t => {
  const repository = await startTufRepository(t, FIRST)
  const first = await open(t, repository, { refreshEvery: SOON })
  await first.trust.settled()
  repository.publish({ version: 7 })
  repository.tamper('7.snapshot.json', () => 'gone')
  await first.events.next('failed')
  await first.trust.close()
  repository.publish({ trustedRoot: SECOND, version: 2 })
  const { trust } = await open(t, repository, { folder: first.folder })
  await trust.settled()
  t.match(trust.status(now()), { digest: first.trust.digest(), detail: /failed \(BadVersionError\)/ })
})

t.test('a first root that was replaced in the configuration begins anew', async t => {
  const repository = await startTufRepository(t, FIRST)
  const first = await open(t, repository)
  await first.trust.settled()
  await first.trust.close()
  const other = await startTufRepository(t, SECOND)
  const { trust, events } = await open(t, other, { folder: first.folder })
  t.equal(trust.digest(), undefined, 'what another repository said is not in force here')
  t.same(events.said, [])
  await trust.settled()
  t.same(JSON.parse(trust.fresh(now()).json).tlogs, JSON.parse(SECOND).tlogs)
})

/** The file with something in it that was not written, its checksum made to fit. */
const rewritten = (change: (content: Record<string, unknown>) => unknown) => (text: string) => {
  const content = JSON.stringify(change(JSON.parse(JSON.parse(text).content)))
  return JSON.stringify({ sha256: sha256Of(content), content })
}

const CORRUPT: Readonly<Record<string, (text: string) => string>> = {
  empty: () => '',
  'cut short': text => text.slice(0, -100),
  'not JSON': () => 'hello',
  'with another time': text => text.replace(/refreshed\\":\d/, found => `${found.slice(0, -1)}9`),
  'with another key': text => text.replace(/rawBytes\\+":\\+"/, found => `${found}A`),
  'with another checksum': text => text.replace(/"sha256":"./, found => `${found.slice(0, -1)}x`),
  'with a time that is none': rewritten(content => ({
    ...content,
    inForce: { ...Object(content['inForce']), refreshed: 1e300 },
  })),
  'without a time': rewritten(content => ({ ...content, inForce: { ...Object(content['inForce']), refreshed: null } })),
  'without a root': rewritten(content => ({ ...content, inForce: { ...Object(content['inForce']), target: '{}' } })),
  'with metadata of no use': rewritten(content => ({ ...content, metadata: { root: 1 } })),
  'without metadata': rewritten(content => ({ ...content, metadata: null })),
  'a list': rewritten(content => [content]),
}

for (const [name, corrupt] of Object.entries(CORRUPT))
  t.test(`a kept root that is ${name} counts as none, and the next refresh writes it anew`, async t => {
    const repository = await startTufRepository(t, FIRST)
    const first = await open(t, repository)
    await first.trust.settled()
    const { digest } = first.trust.fresh(now())
    await first.trust.close()
    const path = join(first.folder, 'trust', 'trust.json')
    const written = readFileSync(path, 'utf8')
    t.not(corrupt(written), written)
    writeFileSync(path, corrupt(written))
    const { trust, events } = await open(t, repository, { folder: first.folder })
    t.match(refusal(trust, now()), /never refreshed/)
    t.match(events.said, name === 'a list' ? [] : [{ action: 'failed', detail: /counts as absent/ }])
    await trust.settled()
    t.equal(trust.fresh(now()).digest, digest)
    await trust.close()
    const third = await open(t, repository, { folder: first.folder })
    t.equal(third.trust.digest(), digest)
  })

t.test('a folder that vanishes is made anew; the root stays in force, and nothing else is left in it', async t => {
  const repository = await startTufRepository(t, FIRST)
  const { trust, events, folder } = await open(t, repository, { refreshEvery: SOON })
  await trust.settled()
  rmSync(join(folder, 'trust'), { recursive: true, force: true, maxRetries: 5 })
  await events.next('refreshed')
  await events.next('refreshed')
  t.ok(trust.fresh(now()))
  await trust.close()
  t.same(readdirSync(join(folder, 'trust')), ['trust.json'])
})
