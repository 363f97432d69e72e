// guards: src/gate/judge/pep740-watch.ts src/gate/files/wheel-metadata.ts src/gate/find/indexes.ts src/gate/find/locate.ts
import { gzipSync } from 'node:zlib'
import t from 'tap'
import { sha256Of } from '../../src/domain/base/digest.ts'
import { openBareGate } from '../world/gate/bare-gate.ts'
import { startGate } from '../world/gate/gate.ts'
import { relabelled } from '../world/index/archives.ts'
import { makeWheel } from '../world/index/distributions.ts'
import { createWorld, type World } from '../world/world.ts'

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

t.test('a source distribution that is labelled as gzip', async t => {
  for (const coding of ['gzip', 'x-gzip', 'GZIP']) {
    const world = await createWorld(t)
    const { sdist, wheel } = await world.release('demo', '1.0')
    world.upstream.fault({ route: 'file', do: { headers: { 'content-encoding': coding } } })
    const gate = await startGate(t, world)
    const answer = await fetch(`${gate.url}${sdist.path}`)
    t.equal(answer.status, 200, `${coding}: its bytes as sent are the index’s`)
    t.equal(answer.headers.get('content-encoding'), null, 'without the label')
    t.same(Buffer.from(await answer.arrayBuffer()), sdist.bytes)
    t.equal((await fetch(`${gate.url}${wheel.path}`)).status, 503, 'no wheel is stored as gzip')
  }
  t.test('whose bytes were packed on the way is not what is stored', async t => {
    const world = await createWorld(t)
    const { sdist } = await world.release('demo', '1.0')
    const packed = { alter: (body: Buffer) => gzipSync(body), headers: { 'content-encoding': 'gzip' } }
    world.upstream.fault({ route: 'file', do: packed })
    await t.rejects((await openBareGate(t, world)).download(sdist), { code: 'integrity-mismatch' })
  })
  t.test('in any other coding is unknown', async t => {
    for (const coding of ['br', 'deflate', 'gzip, gzip']) {
      const world = await createWorld(t)
      const { sdist } = await world.release('demo', '1.0')
      world.upstream.fault({ route: 'file', do: { headers: { 'content-encoding': coding } } })
      await t.rejects((await openBareGate(t, world)).download(sdist), { code: 'unknown-upstream' }, coding)
    }
  })
})

t.test('a wheel whose METADATA cannot be read is refused from the first request on, with words of its own', async t => {
  for (const spool of ['16MiB', '1KiB']) {
    const world = await createWorld(t)
    const wheel = listBzip2(world)
    const gate = await startGate(t, world, { policy: OPTIONAL, configuration: { files: { spool } } })
    const url = `${gate.url}${world.upstream.pathOf('demo', wheel)}`
    // what streams already can only be reset
    if (spool === '1KiB')
      await fetch(url)
        .then(async answer => await answer.arrayBuffer())
        .catch(() => {})
    const answer = await fetch(url)
    t.equal(answer.status, 403)
    const text = JSON.stringify(await answer.json())
    t.match(text, '"code":"metadata-unreadable"')
    t.match(text, /compressed by method 12/)
    t.notMatch(text, /tamper|mismatch/i)
    t.strictSame(
      gate.events.filter(({ type }) => type === 'alarm'),
      [],
    )
  }
})

/** A wheel of demo 1.0 whose METADATA says that it is compressed by bzip2. */
function listBzip2(world: World): string {
  const { bytes, filename, metadata } = makeWheel({ name: 'demo', version: '1.0', padTo: 100_000 })
  world.upstream.add('demo', {
    filename,
    metadata,
    bytes: relabelled(bytes, 'demo-1.0.dist-info/METADATA', { method: 12 }),
  })
  return filename
}

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

t.test('advice about upstream.integrity', async t => {
  t.test('is given from the first refusal on, and is no part of its id', async t => {
    const world = await createWorld(t, { dialect: { provenance: false } })
    const { wheel, sdist } = await world.release('demo', '1.0', { attested: false })
    const gate = await openBareGate(t, world)
    const first = await gate.judge(wheel)
    t.match(first, { code: 'unattested', notes: [/set upstream\.integrity/] })
    await world.release('demo', '2.0', { kinds: ['wheel'] })
    gate.clock.now += 11 * MINUTE
    t.equal(await gate.outcome({ path: world.upstream.pathOf('demo', 'demo-2.0-py3-none-any.whl') }), 'admitted')
    const later = await gate.judge(sdist)
    t.match(later, { kind: 'refused', notes: [/^(?!.*upstream\.integrity)/] }, 'one success ends it')
    const again = await gate.judge(wheel)
    if (first.kind === 'admitted' || again.kind === 'admitted') throw new TypeError('admitted')
    if (first.code === again.code) t.equal(gate.gate.keep(first), gate.gate.keep(again))
    t.equal(gate.gate.keep(first), gate.gate.keep({ ...first, notes: [] }))
  })

  t.test('is not given where it is set', async t => {
    const world = await createWorld(t, { dialect: { provenance: false }, integrity: 'own-origin' })
    const gate = await openBareGate(t, world, {
      policy:
        'version: 1\nprojects: [{ match: demo, publishers: [{ kind: github, repository: acme/demo, workflow: r.yml }] }]\n',
    })
    for (let minor = 0; minor < 21; minor += 1) {
      const { wheel } = await world.release('demo', `1.${minor}`, { kinds: ['wheel'], attested: false })
      gate.clock.now += MINUTE + 1
      const verdict = await gate.judge(wheel)
      if (verdict.kind === 'admitted') throw new TypeError('admitted')
      const notes = verdict.notes.join(' ')
      t.notMatch(notes, /set upstream\.integrity/)
      if (minor === 0) t.notMatch(notes, /upstream\.integrity/, 'one 404 says nothing')
      if (minor === 20) t.match(notes, /upstream\.integrity answered 404 for every file so far/)
    }
  })
})
