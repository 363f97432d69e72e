import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { stringify } from 'yaml'
import { runCommand } from '../../world/commands/commands.ts'
import { jsonLines } from '../../world/commands/desk.ts'
import { startGate } from '../../world/gate/gate.ts'
import { createWorld, type World } from '../../world/world.ts'
import { createSources, TOOLS } from './two-sources.ts'

const POLICY = `version: 1
projects:
  - match: "*"
    publishers: [{ kind: ${TOOLS.kind}, repository: ${TOOLS.repository}, workflow: ${TOOLS.workflow} }]
`

/** A mirror without PEP 740, as one source of so many. */
async function silentSource(t: Test, several: boolean) {
  const mirror = await createWorld(t, { dialect: { minor: 1, provenance: false } })
  const other = several ? await createWorld(t) : undefined
  const source = ({ upstream }: World) => ({ index: upstream.origin, files: [upstream.filesOrigin] })
  const sources = { mirror: source(mirror), ...(other === undefined ? {} : { pypi: source(other) }) }
  const configuration = { upstream: undefined, sources }
  writeFileSync(join(mirror.folder, 'portcullis.yaml'), stringify({ ...mirror.configuration(), ...configuration }))
  const { sdist } = await mirror.release('tools', '1.0', { attested: false, kinds: ['sdist'] })
  const gate = await startGate(t, mirror, { policy: POLICY, configuration })
  const run = async (...argv: readonly string[]) => await runCommand(argv, { folder: mirror.folder })
  return { mirror, sdist, gate, run }
}

for (const several of [false, true])
  t.test(`advice names the setting of the source where the configuration has ${several ? 'two' : 'one'}`, async t => {
    const { mirror, sdist, gate, run } = await silentSource(t, several)
    const refusal = await (await fetch(`${gate.url}${sdist.path}`)).text()
    t.match(refusal, 'set sources.mirror.integrity to an index')
    t.notMatch(refusal, 'upstream.integrity')
    const [told] = jsonLines((await run('explain', sdist.filename, '--format', 'json')).out)
    t.match(JSON.stringify(told), 'set sources.mirror.integrity to an index')
    const lock = join(mirror.folder, 'requirements.txt')
    writeFileSync(lock, `tools==1.0 --hash=sha256:${sdist.sha256}\n`)
    const audited = (await run('audit', lock)).out.replaceAll(/\s+/g, ' ')
    t.match(audited, 'Set sources.mirror.integrity to what has their provenance, such as')
    t.notMatch(audited, 'PORTCULLIS_UPSTREAM_INTEGRITY')
  })

t.test('a bundle of authorities that holds none is named as the configuration names it', async t => {
  const world = await createWorld(t)
  const ca = join(world.folder, 'ca.pem')
  writeFileSync(ca, 'nothing\n')
  const source = { index: world.upstream.origin, files: [world.upstream.filesOrigin], ca }
  const configuration = { ...world.configuration(), upstream: undefined, sources: { mirror: source } }
  writeFileSync(join(world.folder, 'portcullis.yaml'), stringify(configuration))
  world.writePolicy(POLICY)
  await world.release('tools', '1.0')
  const { err, out } = await runCommand(['explain', 'tools'], { folder: world.folder })
  t.match(`${out}${err}`, 'sources.mirror.ca holds no PEM certificate')
})

t.test('a report tells of a name that its source has lost since the last one, and another one has', async t => {
  const { acme, pypi } = await createSources(t)
  const ours = await acme.release('tools', '1.0', { identity: TOOLS, kinds: ['wheel'] })
  const theirs = await pypi.release('tools', '2.0', { identity: TOOLS, kinds: ['wheel'] })
  const source = ({ upstream }: World) => ({ index: upstream.origin, files: [upstream.filesOrigin] })
  const configuration = { upstream: undefined, sources: { acme: source(acme), pypi: source(pypi) } }
  writeFileSync(join(pypi.folder, 'portcullis.yaml'), stringify({ ...pypi.configuration(), ...configuration }))
  const report = async (release: string, sha256: string): Promise<string> => {
    const lock = join(pypi.folder, 'requirements.txt')
    writeFileSync(lock, `${release} --hash=sha256:${sha256}\n`)
    return (await runCommand(['report', lock], { folder: pypi.folder })).out.replaceAll(/\s+/g, ' ')
  }
  t.notMatch(await report('tools==1.0', ours.wheel.sha256), 'Not on the index')
  acme.upstream.remove('tools')
  t.match(
    await report('tools==2.0', theirs.wheel.sha256),
    'tools belongs to the source acme, which does not have it now; pypi lists it: a gate refuses that (source-changed)',
  )
  const nobody = await report('other==1.0', '0'.repeat(64))
  t.match(nobody, 'the index does not know other: it is nobody’s yet: acme, then pypi are asked')
})
