import t from 'tap'
import { instant } from '../../../src/domain/base/instant.ts'
import { type Claims, optionalClaims } from '../../../src/domain/identity/claims.ts'
import { signerKeyOf } from '../../../src/domain/identity/signer.ts'
import type { SeenProject } from '../../../src/domain/memory/project-memory.ts'
import { parseProjectName } from '../../../src/domain/packaging/name.ts'
import { parseVersion } from '../../../src/domain/packaging/version.ts'
import { readHistory, tellHistory } from '../../../src/gate/records/told-history.ts'
import { history as shape } from '../../../src/protocol/api/told-shapes.ts'

const AT = instant(1_700_000_000_000)
const VERSION = parseVersion('1.0')
const CLAIMS: Claims = {
  ...optionalClaims(name => (name === 'sourceRepositoryUri' ? 'https://github.com/acme/demo' : undefined)),
  san: { kind: 'uri', value: 'https://github.com/acme/demo/.github/workflows/release.yml@refs/tags/v1' },
  issuer: 'https://token.actions.githubusercontent.com',
}

t.test('what was seen of a project comes out as it went in', async t => {
  if (VERSION === undefined) throw new TypeError('it is a version')
  const times = { uploaded: AT, firstSeen: AT, lastSeen: AT, absent: undefined, missed: undefined, offered: AT }
  const proof = {
    signer: signerKeyOf(CLAIMS, 'sigstore'),
    claims: CLAIMS,
    root: 'sigstore' as const,
    at: AT,
    signedAt: AT,
  }
  const common = { version: VERSION, ...times, isFleeting: false, sha256: undefined, yanked: undefined }
  const seen: SeenProject = {
    project: parseProjectName('demo'),
    status: 'active',
    statusSince: AT,
    lastRead: AT,
    files: [
      { filename: 'demo-1.0.tar.gz', ...common, proof },
      { filename: 'demo-1.0-py3-none-any.whl', ...common, proof: undefined },
    ],
  }
  const told = shape.parse(JSON.parse(JSON.stringify(tellHistory('demo', 'main', seen))))
  const { statusSince: _, ...shown } = seen
  t.strictSame(readHistory(told), shown)
  t.throws(() => readHistory({ ...told, signers: [] }), { code: 'unknown-upstream' })
})

t.test('a project that was never seen is nothing', async t => {
  t.equal(readHistory(tellHistory('demo', 'main', undefined)), undefined)
})
