import { symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { portcullis } from '../../world/commands/commands.ts'
import { readVector, vectorsSkip as skip } from '../../world/vectors/vectors.ts'
import { vectorsFolder } from '../../world/vectors/vectors-folder.ts'

const STARTER = fileURLToPath(new URL('../../../policies/starter.yaml', import.meta.url))
const PRODUCTION = 'trusted-roots/production.sigstore-tuf-5.0.1-seed.trusted_root.json'

/** An environment in which every attempt to open a socket or to ask for a name ends the process with exit 99. */
function withoutNetwork(folder: string): Readonly<Record<string, string>> {
  const guard = join(folder, 'no-network.cjs')
  writeFileSync(
    guard,
    `const end = () => { require('node:fs').writeSync(2, 'the network was asked for\\n'); process.exit(99) }
require('node:net').Socket.prototype.connect = end
require('node:dgram').createSocket = end
for (const name of ['lookup', 'resolve', 'resolve4', 'resolve6']) { require('node:dns')[name] = end; require('node:dns').promises[name] = end }
`,
  )
  return { NODE_OPTIONS: `--require ${guard}` }
}

interface Vector {
  readonly name: string
  readonly file: string
  readonly provenance: string
}

const SIGSTORE_WHEEL: Vector = {
  name: 'sigstore-4.5.0-py3-none-any.whl',
  file: 'artifact-keeper/pypi-sigstore-4.5.0-py3-none-any.whl',
  provenance: 'artifact-keeper/pypi-sigstore-4.5.0-whl-provenance.json',
}
const REAL: readonly Vector[] = [
  SIGSTORE_WHEEL,
  {
    name: 'sigstore-4.5.0.tar.gz',
    file: 'artifact-keeper/pypi-sigstore-4.5.0.tar.gz',
    provenance: 'artifact-keeper/pypi-sigstore-4.5.0-sdist-provenance.json',
  },
  {
    name: 'pypi_attestations-0.0.19.tar.gz',
    file: 'pypi-attestations/pypi_attestations-0.0.19.tar.gz',
    provenance: 'pypi-attestations/pypi_attestations-0.0.19.tar.gz.provenance',
  },
]

function vectorPath(path: string): string {
  return fileURLToPath(new URL(path, vectorsFolder))
}

/** The arguments that judge a vector offline; its file under its real name is a link into the vectors. */
function offline(folder: string, { name, file, provenance }: Vector, served = name): readonly string[] {
  symlinkSync(vectorPath(file), join(folder, served))
  return ['verify', served, '--provenance', vectorPath(provenance), '--trust-root', vectorPath(PRODUCTION)]
}

t.test(
  'real files of PyPI are admitted offline, under the shipped policy and Sigstore’s own root',
  { skip },
  async t => {
    const folder = t.testdir()
    const where = { folder, environment: withoutNetwork(folder) }
    for (const vector of REAL) {
      const { exit, out, err } = await portcullis(
        where,
        ...offline(folder, vector),
        '--policy',
        STARTER,
        '--format',
        'json',
      )
      t.equal(exit, 0, `${vector.name} ${err}`)
      t.match(JSON.parse(out), {
        filename: vector.name,
        outcome: 'admitted',
        code: null,
        identity: { ref: /^refs\/tags\/v/ },
      })
      t.equal(err, '')
    }
  },
)

t.test('the shipped policy is the one that judges where none is named', { skip }, async t => {
  const folder = t.testdir()
  const { exit, out } = await portcullis(
    { folder, environment: withoutNetwork(folder) },
    ...offline(folder, SIGSTORE_WHEEL),
  )
  t.equal(exit, 0)
  t.match(out, /rule +projects\[\d+\] sigstore \(.*policies\/starter\.yaml:\d+\)/)
  t.match(out, '– listed by the index with this sha256')
})

t.test('a real file with one changed byte is refused', { skip }, async t => {
  const folder = t.testdir({ changed: {}, linked: {} })
  const bytes = readVector(SIGSTORE_WHEEL.file)
  bytes.writeUInt8(bytes.readUInt8(bytes.length >> 1) ^ 1, bytes.length >> 1)
  const path = join(folder, 'changed', SIGSTORE_WHEEL.name)
  writeFileSync(path, bytes)
  const [command = '', , ...options] = offline(join(folder, 'linked'), SIGSTORE_WHEEL)
  const { exit, out } = await portcullis({ folder }, command, path, ...options)
  t.equal(exit, 1)
  t.match(out, /refused, attestation is about other bytes \(digest-mismatch\)/)
})

t.test('a real file under another name is refused', { skip }, async t => {
  const folder = t.testdir()
  const argv = offline(folder, SIGSTORE_WHEEL, 'sigstore-4.5.1-py3-none-any.whl')
  t.match(await portcullis({ folder }, ...argv), { exit: 1, out: /subject-mismatch/ })
})

t.test(
  'a real file is refused under a policy that names somebody else, and the publisher it proves is printed',
  { skip },
  async t => {
    const folder = t.testdir()
    const policy = join(folder, 'policy.yaml')
    writeFileSync(
      policy,
      'version: 1\nmode: enforce\nprojects:\n  - match: sigstore\n    publishers: [{ kind: github, repository: sigstore/sigstore-pythom, workflow: release.yml }]\n',
    )
    const { exit, out } = await portcullis({ folder }, ...offline(folder, SIGSTORE_WHEEL), '--policy', policy)
    t.equal(exit, 1)
    t.match(out, /refused, signed by somebody else \(publisher-mismatch\)/)
    t.match(
      out,
      /expected {2}https:\/\/github\.com\/sigstore\/sigstore-pythom\n +found +https:\/\/github\.com\/sigstore\/sigstore-python\n/,
    )
  },
)

t.test(
  'the root of another Sigstore does not vouch for a real file, and an absent one is exit 5',
  { skip },
  async t => {
    const folder = t.testdir()
    const argv = offline(folder, SIGSTORE_WHEEL).slice(0, -1)
    const staging = vectorPath('trusted-roots/staging.sigstore-python.trusted_root.json')
    t.match(await portcullis({ folder }, ...argv, staging), { exit: 1, out: /signature-invalid/ })
    t.match(await portcullis({ folder }, ...argv, join(folder, 'absent.json')), {
      exit: 5,
      out: '',
      err: /trust root unusable: .*absent\.json/,
    })
  },
)
