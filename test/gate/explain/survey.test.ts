import t from 'tap'
import { GateError } from '../../../src/domain/base/errors.ts'
import { anyhow, bareExplanation } from '../../../src/gate/explain/explanation.ts'
import { isUnknown, judgeUnder, onePerFile, survey } from '../../../src/gate/explain/survey.ts'
import type { Lock, LockedPackage } from '../../../src/protocol/lockfiles/lock.ts'
import { listed, policyOf } from '../../world/judging/judging.ts'

function locked(filename: string): LockedPackage {
  const { project, filename: dist, sha256 } = listed(filename)
  const files = [{ filename, sha256, url: undefined }]
  return {
    project,
    version: dist.version,
    files,
    open: false,
    places: [],
    index: undefined,
    marker: undefined,
    line: 1,
    identities: [],
  }
}

const lockOf = (path: string, ...names: readonly string[]): Lock => ({
  path,
  kind: 'uv',
  packages: names.map(locked),
  unjudged: [],
})
const explanationOf = ({ project, version, files }: Pick<LockedPackage, 'project' | 'version' | 'files'>) =>
  bareExplanation(
    { project, version, filename: files[0]?.filename ?? '', sha256: undefined },
    new GateError('unknown-upstream', 'no answer'),
  )

t.test('a release that several locks name is judged once, and told in each of them, in their order', async t => {
  const judged: string[] = []
  const progress: string[] = []
  const look = await survey(
    [lockOf('a.lock', 'pkg-1.0.tar.gz', 'pkg-2.0.tar.gz'), lockOf('b.lock', 'pkg-1.0.tar.gz')],
    {
      async locked(release) {
        judged.push(release.version)
        return [anyhow(explanationOf(release))]
      },
    },
    (done, all) => progress.push(`${done}/${all}`),
  )
  t.strictSame(
    look.map(({ lock, explanation }) => `${lock} ${explanation.file.filename}`),
    ['a.lock pkg-1.0.tar.gz', 'a.lock pkg-2.0.tar.gz', 'b.lock pkg-1.0.tar.gz'],
  )
  t.strictSame(judged.toSorted(), ['1.0', '2.0'])
  t.strictSame(progress, ['1/3', '2/3', '3/3'])
  t.equal(onePerFile(look).length, 2)
})

t.test('the same look is held against another policy without a question', async t => {
  const asked: string[] = []
  const look = await survey(
    [lockOf('a.lock', 'pkg-1.0.tar.gz')],
    {
      locked: async release => {
        asked.push(release.version)
        return [anyhow(explanationOf(release))]
      },
    },
    () => {},
  )
  const judged = await judgeUnder(policyOf('version: 1\nprojects: [{ match: pkg, deny: no }]'), look)
  t.strictSame([judged.length, asked], [1, ['1.0']])
})

t.test('that the index does not list a file is known', async t => {
  const of = (error: GateError) =>
    bareExplanation({ project: 'pkg', version: undefined, filename: 'x', sha256: undefined }, error)
  t.equal(isUnknown(of(new GateError('unknown-upstream', 'no answer'))), true)
  t.equal(isUnknown(of(new GateError('not-listed', 'gone'))), false)
})

t.test(
  'releases of one project follow each other, sixteen at once, and are told in the order of the locks',
  async t => {
    const names = Array.from({ length: 40 }, (_, index) => `p${index % 20}-${index}.tar.gz`)
    const asked: string[] = []
    let [running, most] = [0, 0]
    const look = await survey(
      [lockOf('uv.lock', ...names)],
      {
        async locked(package_) {
          asked.push(package_.project)
          running += 1
          most = Math.max(most, running)
          await new Promise(resolve => setImmediate(resolve))
          running -= 1
          return [anyhow(explanationOf(package_))]
        },
      },
      () => {},
    )
    t.strictSame(asked, [...asked].sort())
    t.equal(most, 16)
    t.strictSame(
      look.map(({ explanation }) => explanation.file.filename),
      names,
    )
  },
)

t.test(
  'one file after the other is held against another policy, so that one project is at hand and not all',
  async t => {
    const under = { now: 0, most: 0 }
    const look = await survey(
      [lockOf('a.lock', 'pkg-1.0.tar.gz', 'pkg-2.0.tar.gz', 'pkg-3.0.tar.gz')],
      {
        locked: async release => {
          const explanation = explanationOf(release)
          const judge = async () => {
            under.now += 1
            under.most = Math.max(under.most, under.now)
            await Promise.resolve()
            under.now -= 1
            return explanation
          }
          return [{ ...explanation, under: judge }]
        },
      },
      () => {},
    )
    const judged = await judgeUnder(policyOf('version: 1\nprojects: [{ match: pkg, deny: no }]'), look)
    t.equal(judged.length, 3)
    t.equal(under.most, 1)
  },
)
