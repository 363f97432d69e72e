import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { stringify } from 'yaml'
import { runCommand } from '../../world/commands/commands.ts'
import { jsonLines } from '../../world/commands/desk.ts'
import { requirementsLock } from '../../world/commands/locks.ts'
import { createWorld, type World } from '../../world/world.ts'
import { createSources } from './two-sources.ts'

interface Gate {
  /** before PyPI's */
  readonly first: World
  readonly data: string
}

/** What acme and PyPI have of one name, and commands of one user, for one gate or another. */
async function scene(scope: Test) {
  const { acme, pypi } = await createSources(scope)
  const empty = await createWorld(scope)
  const { wheel: own } = await acme.release('tools', '1.0', { attested: false })
  const { wheel: theirs } = await pypi.release('tools', '9.0', { attested: false })
  pypi.writePolicy('version: 1\nprojects: [{ match: "*", attestation: optional }]\n')
  const source = ({ upstream }: World) => ({ index: upstream.origin, files: [upstream.filesOrigin] })
  const environment = { XDG_CACHE_HOME: join(pypi.folder, 'cache') }
  return {
    acme,
    empty,
    own,
    theirs,
    async run({ first, data }: Gate, ...argv: readonly string[]) {
      const sources = { first: source(first), pypi: source(pypi) }
      const configuration = { ...pypi.configuration(), upstream: undefined, sources, data: join(pypi.folder, data) }
      writeFileSync(join(pypi.folder, 'portcullis.yaml'), stringify(configuration))
      return await runCommand(argv, { folder: pypi.folder, environment })
    },
    lock(file: Parameters<typeof requirementsLock>[0][number]): string {
      const path = join(pypi.folder, 'requirements.txt')
      writeFileSync(path, requirementsLock([file]))
      return path
    },
  }
}

t.test('what a command found out of whose a name is at one gate is nothing to another gate', async t => {
  const { acme, empty, own, theirs, run } = await scene(t)
  const explain = async (gate: Gate, { filename }: { readonly filename: string }) => {
    const { out, err } = await run(gate, 'explain', filename, '--format', 'json')
    const [told] = jsonLines(out)
    return told === undefined ? err : { ...told }
  }
  const without = { first: empty, data: 'one' }
  const withIt = { first: acme, data: 'two' }
  t.match(await explain(without, theirs), { outcome: 'admitted', source: 'pypi' })
  t.match(await explain(withIt, own), { outcome: 'admitted', source: 'first' })
  t.match(await explain(withIt, theirs), /does not list tools-9\.0/)
  t.match(await explain(without, theirs), { outcome: 'admitted', source: 'pypi' }, 'and the first one still knows')
  t.match(await explain({ ...withIt, data: 'one' }, own), { outcome: 'admitted' }, 'other sources over one folder')
})

t.test('and it is remembered for its own gate', async t => {
  const { acme, own, theirs, run } = await scene(t)
  const gate = { first: acme, data: 'one' }
  t.equal((await run(gate, 'verify', own.filename.replace('-py3-none-any.whl', '').replace('-', '=='))).exit, 0)
  acme.upstream.remove('tools')
  const { out } = await run(gate, 'explain', theirs.filename, '--format', 'json')
  t.match(jsonLines(out), [{ outcome: 'refused', code: 'source-changed', source: 'pypi' }])
})

t.test('a report of locks goes by its own gate too', async t => {
  const { acme, empty, own, theirs, run, lock } = await scene(t)
  const report = async (gate: Gate, file: typeof own) => (await run(gate, 'report', lock(file))).out
  t.notMatch(await report({ first: empty, data: 'one' }, theirs), /Not on the index/)
  t.notMatch(await report({ first: acme, data: 'two' }, own), /Not on the index/)
  t.match(await report({ first: acme, data: 'two' }, theirs), /Not on the index/)
})
