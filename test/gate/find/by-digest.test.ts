import t from 'tap'
import { sha256Of } from '../../../src/domain/base/digest.ts'
import { GateError } from '../../../src/domain/base/errors.ts'
import type { ProjectName } from '../../../src/domain/packaging/name.ts'
import { createFindByDigest } from '../../../src/gate/find/by-digest.ts'

const SHA256 = sha256Of('demo')

/** What is looked for, in this order, when every look is made. */
function scene(
  listed: readonly (readonly [project: string, filename: string])[],
  found: () => unknown = () => undefined,
) {
  const asked: string[] = []
  const find = createFindByDigest({
    memory: {
      listedAs: async () => listed.map(([project, filename]) => ({ project: project as ProjectName, filename })),
    },
    locate: {
      byName: async (project, { text }) => {
        asked.push(`${project} ${text}`)
        return found() as never
      },
      byFilename: async filename => {
        asked.push(filename)
        return found() as never
      },
    },
  })
  const look = async (filename?: string) => {
    const found_ = []
    for (const each of await find(SHA256, filename)) found_.push(await each())
    return found_
  }
  return { asked, look }
}

t.test('files with the same bytes are looked for by their names, in their order, and not without end', async t => {
  const many = Array.from({ length: 20 }, (_, at) => [`demo${at}`, `demo${at}-1.0.tar.gz`] as const)
  const { asked, look } = scene(many)
  await look()
  t.equal(asked.length, 8)
  t.strictSame(asked, asked.toSorted())
  asked.length = 0
  await look('demo19-1.0.tar.gz')
  t.strictSame(asked, ['demo19 demo19-1.0.tar.gz'], 'a name leads to its file, however many others there are')
})

t.test('a name finds what no page was read of', async t => {
  const { asked, look } = scene([])
  t.strictSame(await look(), [])
  await look('demo-1.0.tar.gz')
  t.strictSame(asked, ['demo-1.0.tar.gz'])
})

t.test('only the bytes that were asked for count, and only what is known to be gone is gone', async t => {
  const one = [['demo', 'demo-1.0.tar.gz']] as const
  t.strictSame(await scene(one, () => ({ sha256: sha256Of('other') })).look(), [undefined])
  t.strictSame(await scene(one, () => ({ kind: 'refused', sha256: SHA256 })).look(), [undefined])
  t.match(await scene(one, () => ({ sha256: SHA256 })).look(), [{ sha256: SHA256 }])
  const failing = (code: 'not-listed' | 'unknown-upstream') =>
    scene(one, () => {
      throw new GateError(code, 'so')
    }).look()
  t.strictSame(await failing('not-listed'), [undefined])
  await t.rejects(failing('unknown-upstream'), { code: 'unknown-upstream' })
})
