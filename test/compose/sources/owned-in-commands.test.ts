import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { stringify } from 'yaml'
import { runCommand } from '../../world/commands/commands.ts'
import { requirementsLock, uvLock } from '../../world/commands/locks.ts'
import type { World } from '../../world/world.ts'
import { createSources, POLICY, TOOLS } from './two-sources.ts'

t.setTimeout(0)

/** Every command that asks an index, about names that stand in a lock or on its own line. */
const COMMANDS: readonly (readonly string[])[] = [
  ['explain', 'acme-core'],
  ['explain', 'Acme_Core==9.0'],
  ['explain', 'acme_core-9.0-py3-none-any.whl'],
  ['explain', 'acme-core-9.0.tar.gz'],
  ['explain', 'acme-ghost'],
  ['verify', 'acme-core==9.0'],
  ['verify', 'acme.core==1.0'],
  ['audit', 'lock.txt'],
  ['audit', 'uv.lock'],
  ['report', 'lock.txt'],
  ['report', 'uv.lock', '--against', 'old.txt'],
  ['policy', 'init', 'lock.txt', '--owner', 'platform@acme.example'],
  ['policy', 'update', 'lock.txt', '--policy', 'policy.yaml', '--dry-run'],
  ['mirror', 'plan', 'lock.txt', '--out', 'plan.json'],
  ['mirror', 'fetch', 'plan.json'],
  ['history', 'show', 'acme-core'],
]

t.test('no command asks another source about a name that is owned', async t => {
  const sources = await createSources(t)
  const { acme, pypi } = sources
  const { folder } = pypi
  const own = await acme.release('acme-core', '1.0', { attested: false })
  const planted = await pypi.release('acme-core', '9.0', { identity: TOOLS })
  const ghost = await pypi.release('acme-ghost', '1.0', { identity: TOOLS })
  const open = await pypi.release('tools', '1.0', { identity: TOOLS })
  const before = process.cwd()
  process.chdir(folder) // paths of a command line begin where it is typed
  t.teardown(() => process.chdir(before))
  const source = ({ upstream }: World) => ({ index: upstream.origin, files: [upstream.filesOrigin] })
  const configuration = {
    ...pypi.configuration(),
    upstream: undefined,
    sources: { acme: { ...source(acme), owns: ['acme-*'] }, pypi: source(pypi) },
  }
  writeFileSync(join(folder, 'portcullis.yaml'), stringify(configuration))
  pypi.writePolicy(POLICY)
  const files = [...own.files, ...planted.files, ...ghost.files, ...open.files]
  writeFileSync(join(folder, 'lock.txt'), requirementsLock(files))
  writeFileSync(join(folder, 'old.txt'), requirementsLock([...own.files, ...open.files]))
  writeFileSync(
    join(folder, 'uv.lock'),
    uvLock(files).replaceAll('https://index.example/simple', 'https://pypi.org/simple'),
  )

  async function runAll(state: string): Promise<void> {
    for (const [at, command] of COMMANDS.entries()) {
      pypi.upstream.forgetRequests()
      // a cache of its own, so that nothing is at hand
      const environment = { XDG_CACHE_HOME: join(folder, `cache-${state}-${at}`) }
      const { exit, err } = await runCommand(command, { folder, environment })
      t.not(exit, 3, `${state}: ${command.join(' ')}: ${err}`)
      const heard = pypi.upstream.requests.filter(({ url }) => /acme[-_.]+(?:core|ghost)/i.test(url))
      t.strictSame(
        heard.map(({ url }) => url),
        [],
        `${state}: ${command.join(' ')}`,
      )
    }
  }

  await runAll('up')
  acme.upstream.remove('acme-core')
  await runAll('lost')
  for (const route of ['page', 'legacy', 'provenance', 'file', 'metadata'] as const)
    acme.upstream.fault({ route, do: { status: 503 } })
  await runAll('away')
})
