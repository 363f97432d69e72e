import t from 'tap'
import { isRevoked, rowsToLookAt } from '../../../src/gate/revoked/revoked-rows.ts'
import type { Records } from '../../../src/ports/records.ts'
import { attested, listed, NOW, policyOf } from '../../world/judging/judging.ts'

const FILE = listed('pkg-1.0.tar.gz')
const ROW = { project: 'pkg', filename: 'pkg-1.0.tar.gz', sha256: FILE.sha256 }

const revocation = (text: string) => {
  const [only] = policyOf(`version: 1\nprojects: [{ match: pkg, deny: no }]\nrevocations: [${text}]`).revocations
  if (only === undefined) throw new TypeError('there is no revocation')
  return only
}

const records = (finding: Awaited<ReturnType<Records['finding']>>): Pick<Records, 'finding'> => ({
  finding: async () => finding,
})
const PROVED = records({ finding: attested() as never, found: NOW })

t.test('what a revocation names is looked for by what the journal has of it', async t => {
  t.strictSame(rowsToLookAt(revocation(`{ sha256: "${FILE.sha256}", reason: r }`).what), { sha256: FILE.sha256 })
  t.strictSame(rowsToLookAt(revocation('{ project: pkg, versions: "<2", reason: r }').what), { project: 'pkg' })
  t.strictSame(rowsToLookAt(revocation(`{ repository: acme/pkg, commit: ${'a'.repeat(40)}, reason: r }`).what), {
    identity: 'acme/pkg',
    commit: 'a'.repeat(40),
  })
  const run = (url: string) => rowsToLookAt({ kind: 'run', run: url })
  t.strictSame(run('https://github.com/acme/pkg/actions/runs/1/attempts/1'), { identity: 'acme/pkg' })
  t.strictSame(run('https://gitlab.com/group/sub/proj/-/jobs/1'), { identity: 'group/sub/proj' })
  t.equal(run('https://ci.example/1'), undefined)
  t.equal(run('no url'), undefined)
})

t.test('a row is of what is revoked by its name, or by what was proved of it', async t => {
  const nothing = records(undefined)
  t.equal(await isRevoked(ROW, revocation('{ project: pkg, versions: "==1.0", reason: r }'), nothing), true)
  t.equal(await isRevoked(ROW, revocation('{ project: pkg, versions: ">=2", reason: r }'), nothing), false)
  t.equal(await isRevoked(ROW, revocation(`{ sha256: "${'b'.repeat(64)}", reason: r }`), nothing), false)
  const run = (id: number) => `{ run: "https://github.com/acme/pkg/actions/runs/${id}/attempts/1", reason: r }`
  t.equal(await isRevoked(ROW, revocation(run(1)), PROVED), true)
  t.equal(await isRevoked(ROW, revocation(run(2)), PROVED), false)
})

t.test('what is not on record any more is neither', async t => {
  const by = revocation(`{ repository: acme/pkg, commit: ${'a'.repeat(40)}, reason: r }`)
  t.equal(await isRevoked(ROW, by, records(undefined)), 'unknown')
  t.equal(await isRevoked({ ...ROW, sha256: undefined }, by, PROVED), 'unknown')
  t.equal(await isRevoked(ROW, by, PROVED), true)
})
