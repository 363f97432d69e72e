import { execFile } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { bundleFromJSON } from '@sigstore/bundle'
import { TrustedRoot } from '@sigstore/protobuf-specs'
import { type Signer, toSignedEntity, toTrustMaterial, Verifier } from '@sigstore/verify'
import t from 'tap'
import { makeSdist, makeWheel } from './index/distributions.ts'
import type { SigningIdentity } from './signing/identity.ts'
import { type AttestationJson, createSigningWorld, type SigningWorld } from './signing/signing.ts'

const IDENTITIES: readonly SigningIdentity[] = [
  { kind: 'github', repository: 'acme/demo', workflow: 'release.yml', environment: 'pypi' },
  { kind: 'gitlab', project: 'acme/tools/demo' },
  { kind: 'google', email: 'release@acme.iam.gserviceaccount.com' },
]
const [GITHUB] = IDENTITIES as readonly [SigningIdentity, ...SigningIdentity[]]

/** The library alone, none of our own checks. */
function verifyPlainly(world: SigningWorld, attestation: AttestationJson): Signer {
  const { certificate, transparency_entries, timestamps = [] } = attestation.verification_material
  const bundle = bundleFromJSON({
    mediaType: 'application/vnd.dev.sigstore.bundle.v0.3+json',
    verificationMaterial: {
      certificate: { rawBytes: certificate },
      tlogEntries: transparency_entries,
      timestampVerificationData: { rfc3161Timestamps: timestamps.map(signedTimestamp => ({ signedTimestamp })) },
    },
    dsseEnvelope: {
      payload: attestation.envelope.statement,
      payloadType: 'application/vnd.in-toto+json',
      signatures: [{ sig: attestation.envelope.signature, keyid: '' }],
    },
  })
  const root = toTrustMaterial(TrustedRoot.fromJSON(JSON.parse(world.trustedRootJson)))
  const thresholds = { tlogThreshold: 1, ctlogThreshold: 1, timestampThreshold: 1 }
  return new Verifier(root, thresholds).verify(toSignedEntity(bundle))
}

t.test('a minted attestation', async t => {
  const world = await createSigningWorld()
  const wheel = makeWheel({ name: 'demo', version: '1.0' })

  for (const identity of IDENTITIES)
    t.test(`of ${identity.kind} verifies with the library alone`, async t => {
      const { san } = identity.kind === 'google' ? { san: identity.email } : { san: /\/acme\/.*@refs\/tags\/v1\.0\.0$/ }
      for (const stamped of [undefined, 'stamped'] as const) {
        const attestation = await world.attest({ ...wheel, identity, ...(stamped === undefined ? {} : { stamped }) })
        t.match(verifyPlainly(world, attestation).identity?.subjectAlternativeName, san)
      }
    })

  t.test('may share its leaf with others', async t => {
    const leaf = await world.leaf(GITHUB)
    const publish = await world.attest({ ...wheel, identity: GITHUB, leaf })
    const slsa = await world.attest({ ...wheel, identity: GITHUB, leaf, predicate: 'slsa' })
    t.equal(publish.verification_material.certificate, slsa.verification_material.certificate)
    t.ok(verifyPlainly(world, publish))
    t.ok(verifyPlainly(world, slsa))
  })

  t.test('means nothing under the root of another world', async t => {
    const attestation = await world.attest({ ...wheel, identity: GITHUB })
    const other = await createSigningWorld()
    t.throws(() => verifyPlainly(other, attestation))
  })

  t.test('fails when one thing about it is bent', async t => {
    const without = await world.attest({
      ...wheel,
      identity: GITHUB,
      alter: { leaf: draft => ({ ...draft, timestamped: false }) },
    })
    t.throws(() => verifyPlainly(world, without), 'no SCT')
    const late = await world.attest({
      ...wheel,
      identity: GITHUB,
      alter: { leaf: draft => ({ ...draft, notAfter: new Date(draft.notBefore.getTime() - 1000) }) },
    })
    t.throws(() => verifyPlainly(world, late), 'signed after its leaf ended')
    const bent = await world.attest({
      ...wheel,
      identity: GITHUB,
      alter: {
        attestation: attestation => ({
          ...attestation,
          envelope: { ...attestation.envelope, statement: Buffer.from('{}').toString('base64') },
        }),
      },
    })
    t.throws(() => verifyPlainly(world, bent), 'another statement')
  })

  t.test('may be of another day', async t => {
    const old = await createSigningWorld({ at: new Date('2025-03-01T12:00:00Z') })
    const attestation = await old.attest({ ...wheel, identity: GITHUB })
    t.equal(attestation.verification_material.transparency_entries[0]?.integratedTime, '1740830400')
    t.ok(verifyPlainly(old, attestation))
  })
})

t.test('distributions', async t => {
  t.test('equal input makes equal bytes', async t => {
    t.equal(makeWheel({ name: 'demo', version: '1.0' }).sha256, makeWheel({ name: 'demo', version: '1.0' }).sha256)
    t.equal(makeSdist({ name: 'demo', version: '1.0' }).sha256, makeSdist({ name: 'demo', version: '1.0' }).sha256)
    t.not(makeWheel({ name: 'demo', version: '1.0' }).sha256, makeWheel({ name: 'demo', version: '1.1' }).sha256)
    const padded = makeWheel({ name: 'demo', version: '1.0', padTo: 3_000_000 })
    t.ok(padded.bytes.length >= 3_000_000)
  })

  const run = promisify(execFile)
  const noPip = await run('python3', ['-m', 'pip', '--version']).then(
    () => false,
    () => 'there is no pip here',
  )
  t.test('pip installs a wheel, a padded one, and builds a source distribution', { skip: noPip }, async t => {
    const folder = t.testdir()
    const request = { name: 'Demo.Package', version: '1.0', requiresPython: '>=3.8' }
    for (const distribution of [
      makeWheel(request),
      makeWheel({ ...request, version: '2.0', padTo: 2_000_000 }),
      makeSdist(request),
    ]) {
      const file = join(folder, distribution.filename)
      const target = join(folder, `${distribution.filename}-installed`)
      writeFileSync(file, distribution.bytes)
      await run('python3', ['-m', 'pip', 'install', '--quiet', '--no-index', '--target', target, file])
      const { stdout } = await run('python3', ['-c', 'import demo_package; print(demo_package.VERSION)'], {
        cwd: target,
      })
      t.match(distribution.filename, `demo_package-${stdout.trim()}`)
    }
  })
})
