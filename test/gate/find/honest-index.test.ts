// guards: src/gate/find/indexes.ts src/gate/find/locate.ts
import t from 'tap'
import { sha256Of } from '../../../src/domain/base/digest.ts'
import { millis } from '../../../src/domain/base/instant.ts'
import { sourceAt } from '../../../src/domain/memory/source.ts'
import { parseProjectName } from '../../../src/domain/packaging/name.ts'
import { openBareGate } from '../../world/gate/bare-gate.ts'
import { makeWheel } from '../../world/index/distributions.ts'
import { createWorld } from '../../world/world.ts'

const MINUTE = 60_000
const OPTIONAL = 'version: 1\ndefaults: { attestation: optional, unmatched: apply-defaults }\n'

t.test('digests in upper case are those of the file', async t => {
  const world = await createWorld(t)
  const { wheel } = await world.release('demo', '1.0')
  const upper = (text: string): object => ({ SHA256: text.toUpperCase() })
  world.upstream.replace('demo', wheel.filename, {
    entry: { hashes: upper(wheel.sha256), 'core-metadata': upper(sha256Of(wheel.metadata)) },
  })
  const gate = await openBareGate(t, world)
  t.same(await gate.download(wheel), wheel.bytes)
  const verdict = await gate.judge(wheel)
  if (verdict.kind === 'refused') throw new TypeError(verdict.code)
  t.match(await gate.gate.metadata(verdict), { kind: 'metadata', bytes: wheel.metadata })
})

t.test('an entry that contradicts itself is left out, and somebody is told', async t => {
  const world = await createWorld(t)
  const { wheel, sdist } = await world.release('demo', '1.0')
  world.upstream.replace('demo', wheel.filename, {
    entry: { hashes: { sha256: wheel.sha256, SHA256: '0'.repeat(64) } },
  })
  const gate = await openBareGate(t, world)
  await t.rejects(gate.judge(wheel), { code: 'not-listed', detail: /hashes contradict each other/ })
  t.equal(await gate.outcome(sdist), 'admitted')
  t.match(
    gate.events.filter(({ type }) => type === 'index-warning'),
    [{ project: 'demo', untrusted: [{ filename: wheel.filename, why: /contradict/ }] }],
  )
})

t.test('a page without meta is read, and somebody is told', async t => {
  const world = await createWorld(t)
  const { wheel } = await world.release('demo', '1.0')
  world.upstream.fault({
    route: 'page',
    do: { alter: body => Buffer.from(JSON.stringify({ ...JSON.parse(body.toString()), meta: undefined })) },
  })
  const gate = await openBareGate(t, world)
  t.equal(await gate.outcome(wheel), 'admitted')
  t.match(
    gate.events.filter(({ type }) => type === 'index-warning'),
    [{ detail: /no meta with an api-version, and was read as 1\.0/ }],
  )
})

t.test('a status that cannot be read is unknown, whatever the page said a minute ago', async t => {
  const world = await createWorld(t)
  const { wheel } = await world.release('demo', '1.0')
  const gate = await openBareGate(t, world)
  t.equal(await gate.outcome(wheel), 'admitted')
  world.upstream.setStatus('demo', 'paused')
  gate.clock.now += MINUTE + 1
  t.equal(await gate.outcome(wheel), 'unknown-upstream')
  await t.rejects(gate.gate.page(wheel.project as never, 'json'), { code: 'unknown-upstream' })
  world.upstream.fault({ route: 'page', times: 1, do: { status: 502 } })
  t.equal(await gate.outcome(wheel), 'unknown-upstream', 'nor does the page before it stand in later')
  world.upstream.setStatus('demo', 'quarantined')
  t.equal(await gate.outcome(wheel), 'project-quarantined')
  world.upstream.setStatus('demo', 'active')
  gate.clock.now += MINUTE + 1
  t.equal(await gate.outcome(wheel), 'admitted')
})

t.test('a quarantine that stands in the page’s meta counts', async t => {
  const world = await createWorld(t)
  const { wheel } = await world.release('demo', '1.0')
  const quarantine = (body: Buffer): Buffer => {
    const page = JSON.parse(body.toString())
    return Buffer.from(JSON.stringify({ ...page, meta: { ...page.meta, 'project-status': { status: 'quarantined' } } }))
  }
  world.upstream.fault({ route: 'page', do: { alter: quarantine } })
  t.equal(await (await openBareGate(t, world)).outcome(wheel), 'project-quarantined')
})

t.test('a file that is listed under another spelling is not called unlisted', async t => {
  const world = await createWorld(t)
  await world.release('demo', '1.0', { kinds: ['wheel'] })
  const { bytes } = makeWheel({ name: 'markupsafe', version: '1.0' })
  world.upstream.add('markupsafe', { filename: 'MarkupSafe-1.0-py3-none-any.whl', bytes })
  const gate = await openBareGate(t, world, { policy: OPTIONAL })
  const listed = world.upstream.pathOf('markupsafe', 'MarkupSafe-1.0-py3-none-any.whl')
  for (const filename of ['markupsafe-1.0-py3-none-any.whl', 'markupsafe-1.0.0-py3-none-any.whl'])
    await t.rejects(
      gate.judge({ path: listed.replace('MarkupSafe-1.0-py3-none-any.whl', filename) }),
      {
        code: 'listed-otherwise',
        detail: `the index lists ${filename} as MarkupSafe-1.0-py3-none-any.whl, at ${listed}`,
      },
      filename,
    )
  const other = listed.replace('MarkupSafe-1.0', 'markupsafe-2.0')
  await t.rejects(gate.judge({ path: other }), { code: 'not-listed' })
})

t.test('what is not the project’s page is unknown, and nothing of it is remembered', async t => {
  const pages: Readonly<Record<string, string>> = {
    'a sign-in page with a link to an archive': '<title>Sign in</title><a href="/help/root-ca.zip">our certificate</a>',
    'the page of another project': '<title>Links for other</title><a href="/help/other-1.0.zip">other</a>',
  }
  for (const [what, page] of Object.entries(pages)) {
    const world = await createWorld(t, { at: new Date(Date.now() - 20 * 86_400_000) })
    const { wheel } = await world.release('demo', '1.0', { listed: { uploadTime: '2020-01-01T00:00:00Z' } })
    const policy = world.policyText().replace('defaults:', 'defaults:\n  cooldown: { min_age: 3d }')
    const gate = await openBareGate(t, world, { policy, settings: { maxStale: millis(0) } })
    t.equal(await gate.outcome(wheel), 'admitted', what)
    const remembered = await (await gate.memory.store.memory(sourceAt(world.upstream.origin))).of(
      parseProjectName('demo'),
    )
    world.upstream.fault({
      route: 'page',
      do: { status: 200, headers: { 'content-type': 'text/html', etag: undefined }, bytes: page },
    })
    gate.clock.now += 11 * MINUTE
    t.equal(await gate.outcome(wheel), 'unknown-upstream', what)
    world.upstream.clearFaults()
    gate.clock.now += MINUTE
    t.equal(await gate.outcome(wheel), 'admitted', `${what}: and then it is what it was`)
    const after = await (await gate.memory.store.memory(sourceAt(world.upstream.origin))).of(parseProjectName('demo'))
    const changed = after.sightings.values().filter(({ filename, firstSeen, absent, missed, gone, uploaded }) => {
      const before = remembered.sightings.get(filename)
      return (absent ?? missed ?? gone) !== undefined || before?.firstSeen !== firstSeen || before.uploaded !== uploaded
    })
    t.strictSame([...changed], [])
    t.equal(after.sightings.size, remembered.sightings.size)
  }
})
